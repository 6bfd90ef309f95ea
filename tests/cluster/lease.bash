# A lease of ordeal-injector-kube, held by the test itself, as `ordeal` would: request in, events out.
# shellcheck shell=bash

injector=${ORDEAL_INJECTOR_KUBE:-$BUILD_DIR/injector/kube/ordeal-injector-kube}

# objects KIND [SELECTOR]: [[api_version, kind, namespace, name, uid]...] of those that are not going, in the form of a request.
objects() {
	k get "$1" ${2:+-l "$2"} -o json | jq -c '[.items[] | select(.metadata.deletionTimestamp == null)
		| [.apiVersion, .kind, .metadata.namespace // "", .metadata.name, .metadata.uid]]'
}

# request FAULT ARGS OBJECTS [LIMIT [SELECTION]]: the line that asks for it; HOLD (seconds), SEED and LEASE from the environment.
request() {
	jq -cn --arg fault "$1" --argjson args "$2" --argjson objects "$3" --argjson limit "${4:-100}" \
		--argjson selection "${5:-null}" --arg lease "${LEASE:-$NS}" --argjson hold "${HOLD:-5}" --argjson seed "${SEED:-7}" \
		--arg server "$(k config view --minify -o 'jsonpath={.clusters[0].cluster.server}')" '
		{protocol: 1, op: "add", lease: $lease, fault: $fault, args: $args, hold_ns: ($hold * 1e9 | floor), seed: $seed,
		target: {cluster: ({context: "kubelab", server: $server, limit: $limit, objects: $objects}
			+ (if $selection then {follow: $selection} else {} end))}}'
}

# lease FAULT ARGS OBJECTS [LIMIT [SELECTION]]: starts the injector with that request; its events go to $T/events, its pid is
# $pid. Its input stays open: fd 9.
lease() {
	rm -f "$T/in" "$T/events"
	mkfifo "$T/in"
	: >"$T/events"
	"$injector" <"$T/in" >>"$T/events" 2>"$T/words" 3>&- 4>&- &
	pid=$!
	started+=("$pid")
	exec 9>"$T/in"
	request "$@" >&9
}
# say OP: one more request on its input.
tell() { echo "{\"protocol\":1,\"op\":\"$1\"}" >&9; }
# hang_up: the end of its input.
hang_up() { exec 9>&-; }

# event NAME [KEY=VALUE...]: whether there is one; the events so far where there is none.
event() {
	local name=$1 filter='.event == $name' kv
	shift
	for kv; do filter+=" and (.\"${kv%%=*}\" | tostring) == \"${kv#*=}\""; done
	jq -es --arg name "$name" "any(.[]; $filter)" "$T/events" >/dev/null || { cat "$T/events" "$T/words" && return 1; }
}
# events NAME [JQ]: those of this name, one a line.
events() { jq -c "select(.event == \"$1\")${2:+ | $2}" "$T/events"; }
# acted WHAT: names of those that it was told of, one a line.
acted() { jq -r --arg what "$1" 'select(.event == "acted" and .what == $what) | .object[3]' "$T/events" | sort; }
# figure KEY: of the `reverted` event.
figure() { jq -r --arg key "$1" 'select(.event == "reverted") | .figures[$key]' "$T/events"; }
# figure_is KEY VALUE
figure_is() {
	[ "$(figure "$1")" = "$2" ] || { echo "figure $1 is not $2" && cat "$T/events" && return 1; }
}
# over [SECONDS]: waits until the lease has ended; its status.
over() {
	until_ok "${1:-20}" event reverted
	hang_up
	local rc=0
	wait "$pid" || rc=$?
	return "$rc"
}

# dead_node: a node of this test that nobody plays: what is deleted there stays as it was told to end.
dead_node() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Node
metadata: {name: $NS-dead, labels: {ordeal.test: $NS}}
END
}
# pod_on_dead_node NAME: one that would take 5 s to end.
pod_on_dead_node() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: bare}}
spec: {nodeName: $NS-dead, terminationGracePeriodSeconds: 5, tolerations: [{operator: Exists}], containers: [{name: main, image: "played:1"}]}
END
}
