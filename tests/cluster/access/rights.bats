#!/usr/bin/env bats
# Each shipped experiment under exactly the role that `ordeal rbac` prints for it, and with each permission of it missing.
# timeout 900 s
load ../cluster
setup() {
	cluster_setup
	experiments=$SOURCE_DIR/experiments/kubernetes
	sed -e "s/namespace: shop/namespace: $NS/; /^kind: Namespace/,/^---/d" \
		-e 's/^      containers:/      nodeSelector: {type: kwok}\n&/' "$experiments/shop/system.yaml" |
		k apply -f - >/dev/null
	until_ok 30 is deployment/orders .status.availableReplicas 3
	until_ok 30 is deployment/store .status.availableReplicas 2
	k create serviceaccount ordeal >/dev/null
	sed '/client-key-data/d; s/client-certificate-data:.*/token: '"$(k create token ordeal)/" "$KUBECONFIG" >"$T/weak"
	me=system:serviceaccount:$NS:ordeal
}
teardown() {
	[ ! -e "${T:-}/roles" ] || all delete -f "$T/roles" --ignore-not-found >/dev/null 2>&1 || :
	cluster_teardown
}

# bats takes no notice of a `!` but at the end.
not() { if "$@"; then return 1; fi; }

# kubectl in whatever namespace an object says.
all() { "$CLUSTER/kubectl" "$@"; }

# available DEPLOYMENT N: so many, or more.
available() { [ "$(get "deployment/$1" .status.availableReplicas)" -ge "$2" ]; }

# take FILE: the experiment in this test's namespace, and shorter, in $T/e.yaml; its roles in $T/roles. 77 where the
# cluster of the tests lacks what it needs.
take() {
	sed "s/\bnamespace: shop\b/namespace: $NS/g" "$1" >"$T/e.yaml"
	if grep -q 'istio' "$T/e.yaml" && ! k get crd virtualservices.networking.istio.io >/dev/null 2>&1; then
		return 77
	fi
	"$ordeal" rbac "$T/e.yaml" --service-account "$NS/ordeal" --name "$NS" --json 2>/dev/null >"$T/roles"
	all apply -f "$T/roles" >/dev/null
	every_allowed
}

# permissions: "INDEX RULE VERB RESOURCE[/NAME] NAMESPACE" of each in $T/roles; namespace "-": all.
permissions() {
	jq -r '.items | to_entries[] | select(.value.rules) | .key as $i | (.value.metadata.namespace // "-") as $ns |
		.value.rules | to_entries[] | .key as $r | .value | .verbs[] as $verb | (.resourceNames // [""])[] as $name |
		"\($i) \($r) \($verb) \(.resources[0] as $r | (.apiGroups[0] | select(. != "") | ".\(.)") // "" |
			if ($r | test("/")) then ($r | split("/") | .[0]) + . + "/" + ($r | split("/") | .[1]) else $r + . end)\(
			if $name == "" then "" else "/" + $name end) \($ns)"' "$T/roles"
}
# may VERB RESOURCE NAMESPACE
may() {
	local where=(-n "$3") what=$2 sub=()
	[ "$3" != - ] || where=(-A)
	case $what in pods/eviction) what=pods sub=(--subresource=eviction) ;; esac
	"$CLUSTER/kubectl" auth can-i "$1" "$what" "${sub[@]}" "${where[@]}" --as="$me" >/dev/null 2>&1
}
may_not() { ! may "$@"; }
every_allowed() {
	local i r verb what ns
	while read -r i r verb what ns; do
		until_ok 10 may "$verb" "$what" "$ns" || return 1
	done < <(permissions | tail -1)
}

run_weak() { KUBECONFIG=$T/weak run "$ordeal" run "$T/e.yaml" --context kubelab "$@"; }

@test "under exactly its role an experiment does all that it does" {
	ran=0
	for file in "$experiments"/*.yaml; do
		take "$file" || continue
		# Those that choose nodes would meet other tests' pods, and no DNS is here: their own tests run them.
		grep -q 'target: {node\|kube-system' "$T/e.yaml" && continue
		grep -v '^ *#' "$T/e.yaml" | grep -q 'http:' && continue
		shorter=(--set 'spec.faults[0].for=2s')
		"$ordeal" validate "$T/e.yaml" "${shorter[@]}" >/dev/null 2>&1 || shorter=()
		run_weak "${shorter[@]}"
		echo "$file: $output"
		[ "$status" -ne 2 ]
		[ "$status" -ne 6 ]
		not grep -qi 'forbidden\|not allowed\|"blind"' <<<"$output"
		not grep -qi 'forbidden\|"what":"blind"' "$XDG_STATE_HOME"/ordeal/runs/latest/run.jsonl
		not jq -e 'select((.residue // 0) | . != 0 and . != [] and . != "not applicable")' "$XDG_STATE_HOME"/ordeal/runs/latest/run.jsonl >/dev/null
		all delete -f "$T/roles" >/dev/null
		ran=$((ran + 1))
		# What the next one begins with.
		until_ok 60 available orders 2
		until_ok 60 available store 1
	done
	[ "$ran" -ge 1 ]
}

@test "without one of its permissions nothing is started, and the missing one is named" {
	missing=0
	declare -A seen
	for file in "$experiments"/*.yaml; do
		take "$file" || continue
		[ -s "$T/roles" ] || continue
		while read -r i r verb what ns; do
			# The same in several experiments is taken away in one.
			key="$verb $what"
			[ "$ns" != - ] || key+=" everywhere"
			[ -z "${seen[$key]:-}" ] || continue
			seen[$key]=1
			# Optional: without it the report says less (the next test).
			[ "$what" != nodes ] || grep -q 'target: {node' "$T/e.yaml" || continue
			jq --argjson i "$i" --argjson r "$r" --arg verb "$verb" '.items[$i].rules[$r].verbs -= [$verb] | .items[$i]' \
				"$T/roles" >"$T/less"
			# A role that is empty then has no rule.
			jq '.rules |= map(select(.verbs | length > 0))' "$T/less" | all apply -f - >/dev/null
			until_ok 10 may_not "$verb" "$what" "$ns"
			run_weak
			echo "$file without $verb $what: $output"
			[ "$status" -eq 2 ]
			grep -q "not allowed: $verb ${what%%[./]*}" <<<"$output"
			[ ! -e "$XDG_STATE_HOME/ordeal/runs/latest" ] || not grep -q '"e":"fault"' "$XDG_STATE_HOME/ordeal/runs/latest/run.jsonl"
			missing=$((missing + 1))
			all apply -f "$T/roles" >/dev/null
		done < <(permissions)
		every_allowed
		all delete -f "$T/roles" >/dev/null
		[ -z "$(k get leases.coordination.k8s.io -o name)" ]
	done
	echo "$missing permissions taken away one by one"
	[ "$missing" -ge 20 ]
}

@test "without an optional one the run goes on, and says what it does not see" {
	take "$experiments/dependency-gone.yaml"
	jq '.items |= map(select(.kind | startswith("ClusterRole") | not))' "$T/roles" >"$T/less"
	all delete -f "$T/roles" >/dev/null
	all apply -f "$T/less" >/dev/null
	until_ok 10 may patch deployments.apps/store "$NS"
	until_ok 10 may_not list nodes -
	run_weak --set 'spec.faults[0].for=2s'
	echo "$output"
	[ "$status" -ne 2 ]
	[ "$status" -ne 6 ]
	grep -q 'the report will lack a part: not allowed: list nodes' <<<"$output"
	grep -q '"fault"' "$XDG_STATE_HOME/ordeal/runs/latest/run.jsonl"
}
