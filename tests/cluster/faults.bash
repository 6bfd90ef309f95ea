# What the tests of the faults through the API share: a lease held by ordeal-injector-kube itself, spoken to over its
# pipe (docs/formats/protocol.md), and what every fault that changes objects must stand. After `load cluster`.
# shellcheck shell=bash

injector=$BUILD_DIR/injector/kube/ordeal-injector-kube

# reference KIND/NAME: as a request names an object
reference() {
	k get "$1" -o json | jq -c '[.apiVersion, .kind, (.metadata.namespace // ""), .metadata.name, .metadata.uid]'
}

# request FAULT ARGS KIND/NAME...: one line; ARGS is the JSON of the parameters. HOLD=SECONDS, 60 where not said.
request() {
	local fault=$1 args=$2 o objects=
	shift 2
	for o; do objects+=${objects:+,}$(reference "$o"); done
	jq -nc --arg lease "$lease" --arg fault "$fault" --argjson args "$args" --argjson objects "[$objects]" \
		--arg server "$(k config view --minify -o jsonpath='{.clusters[0].cluster.server}')" --argjson hold "${HOLD:-60}" \
		'{protocol: 1, op: "add", lease: $lease, fault: $fault, args: $args, hold_ns: ($hold * 1000000000),
		  target: {cluster: {context: "kubelab", server: $server, limit: ($objects | length), objects: $objects}}}'
}

# begin FAULT ARGS KIND/NAME...: a lease in the background; returns when it is in force, or 1 when it failed. Its pid is in
# $holder, its events are in $T/events. AS=KUBECONFIG: as whom. LEASE=NAME: by that name.
begin() {
	leases=$((${leases:-0} + 1))
	lease=${LEASE:-t-$BATS_TEST_NUMBER-$$-$leases}
	local line
	line=$(request "$@")
	rm -f "$T/pipe"
	mkfifo "$T/pipe"
	: >"$T/events"
	KUBECONFIG=${AS:-$KUBECONFIG} "$injector" <"$T/pipe" >"$T/events" 2>"$T/err" 3>&- 4>&- &
	holder=$!
	started+=("$holder")
	exec 9>"$T/pipe"
	echo "$line" >&9
	until_ok 40 answered
	told injected || {
		cat "$T/events"
		return 1
	}
}
answered() { told injected || told failed; }
# told EVENT; event EVENT FILTER: of the first such
told() { grep -q "\"event\":\"$1\"" "$T/events"; }
event() { jq -rn "first(inputs | select(.event == \"$1\")) | $2" "$T/events"; }

# end_lease: in order; nothing may be left.
end_lease() {
	echo '{"protocol":1,"op":"end"}' >&9
	exec 9>&-
	clean_end
}
clean_end() {
	ended_with "${1:-0}" "$holder"
	cat "$T/events"
	[ "$(event reverted .residue)" = 0 ]
}

# refused TEXT FAULT ARGS KIND/NAME...: in check or before, with TEXT in the message, and nothing was changed.
refused() {
	local text=$1
	shift
	if begin "$@"; then
		echo "it was not refused"
		return 1
	fi
	exec 9>&-
	cat "$T/events"
	[[ $(event failed .phase) == @(check|request) ]]
	[[ $(event failed .message) == *"$text"* ]]
	no_traces
}

guardian() {
	echo '{"protocol":1,"op":"status"}' | "$injector" |
		jq -r --arg lease "$lease" '.leases[] | select(.lease == $lease) | .guardian'
}
rescue() { echo '{"protocol":1,"op":"rescue"}' | "$injector" | tee "$T/rescued"; }

# survives FAULT ARGS TARGET OBJECT...: whoever is killed while it is held, the objects are as they were.
survives() {
	local fault=$1 args=$2 target=$3 g still
	shift 3
	remember "$@"

	begin "$fault" "$args" "$target"
	kill -KILL "$holder"
	exec 9>&-
	until_ok 20 unchanged "$@"
	until_ok 10 no_traces

	begin "$fault" "$args" "$target"
	g=$(guardian)
	[ "$g" -gt 1 ]
	kill -KILL "$g"
	until_ok 20 unchanged "$@"
	exec 9>&-
	clean_end 1

	begin "$fault" "$args" "$target"
	g=$(guardian)
	# Both at a time: where the one is killed while the other runs, that one takes it back.
	kill -STOP "$holder" "$g"
	kill -KILL "$g" "$holder"
	exec 9>&-
	sleep 1
	still=$(unchanged "$@" || echo changed)
	[[ $still == *changed ]]
	rescue
	[ "$(jq -r '.records[0].action' "$T/rescued")" = reverted ]
	unchanged "$@"
	no_traces
}

# lesser NAME [VERB RESOURCE]...: a kubeconfig of a service account that may do just that in the namespace.
lesser() {
	local name=$1
	shift
	k create serviceaccount "$name" >/dev/null
	{
		echo "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"Role\",\"metadata\":{\"name\":\"$name\"},\"rules\":["
		local comma=
		while [ $# -gt 0 ]; do
			echo "$comma{\"verbs\":[\"${1//,/\",\"}\"],\"apiGroups\":[\"${2%%/*}\"],\"resources\":[\"${2#*/}\"]}"
			comma=,
			shift 2
		done
		echo "]}"
	} | sed 's/"core"/""/' | k apply -f - >/dev/null
	k create rolebinding "$name" --role="$name" --serviceaccount="$NS:$name" >/dev/null
	sed '/client-key-data/d; s/client-certificate-data:.*/token: '"$(k create token "$name")/" "$KUBECONFIG" >"$T/$name.kubeconfig"
}

# forbid RESOURCES EXPRESSION MESSAGE: an admission policy in this namespace.
forbid() {
	k apply -f - >/dev/null <<END
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: $NS}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [$1]}]
  validations: [{expression: '$2', message: "$3"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: $NS}
spec:
  policyName: $NS
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: $NS}}}
END
}
unforbid() { k delete validatingadmissionpolicy,validatingadmissionpolicybinding "$NS" --ignore-not-found >/dev/null 2>&1; }
