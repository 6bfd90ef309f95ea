# The ready experiments, each on a copy of the system that it is written for, in a namespace of its own, many side by side:
# setup_file makes the systems and starts the runs, and each test waits for one of them and judges it. After `load cluster`.
# shellcheck shell=bash

experiments=$SOURCE_DIR/experiments/kubernetes

# Of a cluster that setup_file made: what an environment cannot carry.
lab=()
[ -z "${LAB:-}" ] || lab=(nsenter "--net=/run/netns/$LAB")

# bats takes no notice of a `!` but at the end.
not() { if "$@"; then return 1; fi; }

# shops_setup: what a file of such tests begins with. $T is theirs, a run NAME is in the namespace $PREFIX-NAME.
shops_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-cluster.XXXXXX")
	PREFIX=$(basename "$BATS_TEST_FILENAME" .bats | tr _ -)-$$
	export T PREFIX NO_COLOR=1
	started=() own=
	mkdir "$T/runs"
	python3 -c 'import json, sys, yaml
for o in yaml.safe_load_all(sys.stdin): print(json.dumps(o))' <"$experiments/shop/system.yaml" >"$T/shop"
	: >"$T/systems"
}

shops_teardown() {
	local pid
	for pid in "${started[@]}"; do
		! ours "$pid" || kill "$pid" 2>/dev/null || :
	done
	wait
	if [ -n "$own" ]; then
		"$SOURCE_DIR/tests/cluster/down" "$own"
		[ ${#lab[@]} = 0 ] || ip netns del "$LAB"
	else
		all delete node -l "ordeal.test in ($(namespaces | paste -sd,))" --wait=false --ignore-not-found >/dev/null 2>&1 || :
		namespaces | xargs "$CLUSTER/kubectl" delete namespace --wait=false --ignore-not-found >/dev/null 2>&1 || :
	fi
	rm -rf "$T"
}

# all ARGUMENT...: kubectl as the admin, in whatever namespace an object says.
all() { "${lab[@]}" "$CLUSTER/kubectl" "$@"; }

# of RUN: its namespace is that of `k` and its friends from here on.
of() { NS=$PREFIX-${1//./-}; }
namespaces() { jq -r 'select(.kind == "Namespace") | .metadata.name' "$T/systems"; }

# shop RUN [JQ]: the system of a run, which is named by its experiment, or EXPERIMENT.VARIANT: JQ is a filter over each object of experiments/kubernetes/shop. On the played nodes.
shop() {
	jq -c --arg ns "$PREFIX-${1//./-}" "(${2:-.}) | if .kind == \"Namespace\" then .metadata.name = \$ns else .metadata.namespace = \$ns end
		| if .kind == \"Deployment\" then .spec.template.spec.nodeSelector //= {type: \"kwok\"} else . end" "$T/shop" >>"$T/systems"
}
# A filter for `shop`: it runs on nodes of its own (played_node).
own_nodes() { echo "if .kind == \"Deployment\" then .spec.template.spec.nodeSelector = {\"ordeal.test\": \"$PREFIX-${1//./-}\"} else . end"; }
# Filters for `shop`, of orders alone.
orders() { echo "if .kind == \"Deployment\" and .metadata.name == \"orders\" then $1 else . end"; }
no_budget='select(.kind != "PodDisruptionBudget")'

# shops_make: all of them are made, and are well when it returns.
shops_make() {
	local ns
	# A container knows the services that were there before it.
	jq -c -s 'sort_by(.kind == "Deployment") | .[]' "$T/systems" | all create -f - >/dev/null
	for ns in $(namespaces); do
		all -n "$ns" wait --for=condition=Available deployment --all --timeout=60s >/dev/null
	done
}

# experiment NAME NAMESPACE: the file as it is shipped, for that namespace.
experiment() { sed "s/\bnamespace: shop\b/namespace: $2/g" "$experiments/$1.yaml"; }

# begin RUN [OPTION...]: runs its experiment in the background; $T/runs/RUN/e.yaml instead, where that is there.
# AS=KUBECONFIG: as whom.
begin() {
	local name=$1 dir=$T/runs/$1
	shift
	mkdir -p "$dir"
	[ -e "$dir/e.yaml" ] || experiment "${name%%.*}" "$PREFIX-${name//./-}" >"$dir/e.yaml"
	(
		trap 'kill "$run"' TERM
		export XDG_STATE_HOME=$dir/state KUBECONFIG=${AS:-$KUBECONFIG}
		mkdir -m 700 "$XDG_STATE_HOME"
		timeout 150 "${lab[@]}" "$ordeal" run "$dir/e.yaml" --context kubelab -o "$dir/out" --quiet --format json,md "$@" \
			>"$dir/said" 2>&1 &
		run=$!
		rc=0
		wait "$run" || rc=$?
		echo "$rc" >"$dir/status.new"
		mv "$dir/status.new" "$dir/status"
	) </dev/null >/dev/null 2>&1 3>&- 4>&- &
	started+=($!)
}

# ended RUN STATUS: waits for it. $report and $timeline are its files; what the report says it believed is what the file says.
ended() {
	local dir=$T/runs/$1
	until_ok 150 test -e "$dir/status"
	cat "$dir/said"
	report=$dir/out/latest/report.json timeline=$dir/out/latest/run.jsonl
	[ "$(cat "$dir/status")" = "$2" ] || { echo "it ended with $(cat "$dir/status")" && cat "$dir/out/latest/report.md" && return 1; }
	[ "$(jq -r .hypothesis "$report")" = "$(python3 -c 'import sys, yaml
print(yaml.safe_load(sys.stdin)["spec"]["hypothesis"])' <"$dir/e.yaml")" ]
	of "$1"
}

in_timeline() { grep -q "$2" "$T/runs/$1"/out/*/run.jsonl; }
# once RUN PATTERN COMMAND...: in the background, when a line of the run's timeline matches.
once() {
	local run=$1 pattern=$2
	shift 2
	(
		of "$run"
		until_ok 100 in_timeline "$run" "$pattern"
		"$@"
	) </dev/null >>"$T/runs/$run/aside" 2>&1 3>&- 4>&- &
	started+=($!)
}

# says TEXT: the verdict.
says() { [[ $(jq -r .verdict "$report") == *"$1"* ]] || { jq -r .verdict "$report" && return 1; }; }
# objective TEXT RESULT: of the one that begins so.
objective() {
	local is
	is=$(jq -r --arg text "$1" '.objectives[] | select(.text | startswith($text)) | .result' "$report")
	[ "$is" = "$2" ] || { echo "$1 is '$is'" && jq .objectives "$report" && return 1; }
}
# figure JQ: of the first repetition, true or false.
figure() { jq -e ".repetitions[0] | $1" "$report" >/dev/null || { jq ".repetitions[0]" "$report" && return 1; }; }
# acted WHAT [N]: so often at least; all acts where not.
acted() {
	local n
	n=$(jq -s --arg what "$1" '[.[] | select(.e == "fault" and .state == "acted" and .what == $what)] | length' "$timeline")
	[ "$n" -ge "${2:-1}" ] || { jq -c 'select(.e == "fault")' "$timeline" && return 1; }
}
unhurt() { figure '.impact == null'; }
# clean: nothing is left in the run's namespace, neither on objects nor a Lease that is in force.
clean() {
	no_traces
	until_ok 20 nobody_holds
}
nobody_holds() {
	k get leases.coordination.k8s.io -o json | jq -e '[.items[].spec
		| select((.renewTime | sub("[.][0-9]+Z"; "Z") | fromdate) + .leaseDurationSeconds > now)] == []'
}
