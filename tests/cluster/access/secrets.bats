#!/usr/bin/env bats
# No token, key or certificate of a kubeconfig is ever told: not by a message, a log, a report, a timeline, an Event, the undo
# record, the environment or arguments of a process, nor by a core file of the holder, the guardian or ordeal.
# timeout 180 s
load ../cluster
setup() {
	cluster_setup
	deployment web 2
	k create serviceaccount ordeal >/dev/null
	k create rolebinding ordeal --clusterrole=cluster-admin --serviceaccount="$NS:ordeal" >/dev/null
	k create clusterrolebinding "$NS" --clusterrole=view --serviceaccount="$NS:ordeal" >/dev/null
	k create clusterrole "$NS-nodes" --verb=get,list,watch --resource=nodes >/dev/null
	k create clusterrolebinding "$NS-nodes" --clusterrole="$NS-nodes" --serviceaccount="$NS:ordeal" >/dev/null
	token=$(k create token ordeal)
}
teardown() {
	k delete clusterrolebinding "$NS" "$NS-nodes" --ignore-not-found >/dev/null 2>&1 || :
	k delete clusterrole "$NS-nodes" --ignore-not-found >/dev/null 2>&1 || :
	cluster_teardown
}

# bats takes no notice of a `!` but at the end.
not() { if "$@"; then return 1; fi; }

# What may stand nowhere: a token, and its parts; of keys and certificates every line, as it is and in base64.
# The certificate of the authority and the names in it are public, the client's own is not told either.
marks() {
	local data
	for data in client-key-data client-certificate-data; do
		data=$(sed -n "s/^ *$data: *//p" "$CLUSTER/kubeconfig")
		fold -w 48 <<<"$data" | awk 'length($0) >= 24'
		base64 -d <<<"$data" | grep -v -- '-----' | awk 'length($0) >= 24'
	done
	printf '%s\n' "$token"
	tr . '\n' <<<"$token" | tail -n +2 | fold -w 60 | awk 'length($0) >= 24'
}

# tells_nothing FILE...: none of the marks is in them, as text or in a core's UTF-16 or otherwise.
tells_nothing() {
	local found
	marks >"$T/marks"
	[ "$(wc -l <"$T/marks")" -ge 8 ]
	found=$(grep -rlaF -f "$T/marks" "$@" || :)
	[ -z "$found" ] || { echo "told in: $found" && return 1; }
}

# The detector itself: what holds a mark is found.
@test "the search finds what is there" {
	mkdir "$T/o"
	printf 'x\0y%sz' "$token" >"$T/o/a"
	not tells_nothing "$T/o"
	sed -n 's/^ *client-key-data: *//p' "$CLUSTER/kubeconfig" | base64 -d >"$T/o/a"
	not tells_nothing "$T/o"
	echo nothing >"$T/o/a"
	tells_nothing "$T/o"
}

experiment() {
	cat >"$T/e.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: secrets}
		spec:
		  hypothesis: nothing is told
		  probes:
		    - {name: web, kube: {watch: deployment/web, namespace: $NS, that: "available >= 1"}, every: 200ms}
		  faults:
		    - {name: none, workload.scale: {to: 0}, target: {workload: deployment/web, namespace: $NS}, for: ${1}s}
		  limits: {targets: 1, duration: ${1}s}
	END
}

# cores DIR: of every process of the run, by gdb, which keeps to the filter; and which were there.
cores() {
	local pid n=0
	for pid in $(pgrep -s 0 -x 'ordeal.*' || :) $(pgrep -f "^[^ ]*ordeal-injector-kube" || :); do
		[ "$(readlink "/proc/$pid/exe")" != "" ] || continue
		tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "XDG_STATE_HOME=$XDG_STATE_HOME" || continue
		tr '\0' '\n' <"/proc/$pid/environ" >"$1/environ.$pid"
		tr '\0' '\n' <"/proc/$pid/cmdline" >"$1/cmdline.$pid"
		gcore -o "$1/core" "$pid" >"$1/gcore.$pid" 2>&1 || :
		[ ! -s "$1/core.$pid" ] || n=$((n + 1))
	done
	echo "$n"
}

# whole KUBECONFIG: a run with it, its cores in the middle, and everything that it left.
whole() {
	mkdir -p "$T/out"
	experiment 8
	KUBECONFIG=$1 "$ordeal" run "$T/e.yaml" --context kubelab >"$T/out/stdout" 2>"$T/out/stderr" 3>&- &
	local pid=$!
	started+=("$pid")
	until_ok 20 grep -q 'none: injected' "$T/out/stdout" "$T/out/stderr"
	if command -v gcore >/dev/null; then
		n=$(cores "$T/out")
		echo "$n cores" # ordeal, holder, guardian
		[ "$n" -ge 3 ]
	fi
	cp -r "$XDG_STATE_HOME" "$T/out/state-then"
	wait "$pid" || [ $? -ne 6 ]
	cp -r "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR" "$T/out/"
	k get events,deployments,replicasets,pods,leases.coordination.k8s.io -o yaml --show-managed-fields >"$T/out/objects"
	grep -q '"what":"injected"\|"injected"' "$T/out/state/ordeal/runs/latest/run.jsonl"
	tells_nothing "$T/out"
}

@test "a run with a client certificate" {
	whole "$KUBECONFIG"
}

@test "a run with a token" {
	sed '/client-key-data/d; s/client-certificate-data:.*/token: '"$token/" "$KUBECONFIG" >"$T/c"
	whole "$T/c"
}

@test "a run with a token of a plugin" {
	cat >"$T/plugin" <<-'END'
		#!/bin/sh
		printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat "${0%plugin}token")"
	END
	chmod +x "$T/plugin"
	printf %s "$token" >"$T/token"
	sed '/client-key-data/d; s/client-certificate-data:.*/exec: {apiVersion: client.authentication.k8s.io\/v1, command: .\/plugin, interactiveMode: Never}/' \
		"$KUBECONFIG" >"$T/c"
	whole "$T/c"
}

@test "what goes wrong with credentials names none" {
	mkdir "$T/out"
	bad() {
		KUBECONFIG=$T/c run timeout 60 "$ordeal" targets "$T/e.yaml" --context kubelab
		echo "$output" | tee -a "$T/out/said"
		[ "$status" -ne 0 ]
	}
	experiment 1
	base() { sed '/client-key-data/d; s/client-certificate-data:.*/'"$1/" "$KUBECONFIG" >"$T/c"; }
	# An unknown token, one that no header may hold, half a key pair, a broken file.
	base "token: x$token"
	bad
	base "token: \"$token\\\\n\""
	bad
	base "client-certificate-data: $(base64 -w0 <<<"$token")"
	bad
	base "token: $token: $token"
	bad
	base "username: $token\n    token: $token"
	bad
	base "exec: {apiVersion: client.authentication.k8s.io\/v1, command: echo, args: [$token], interactiveMode: Never}"
	bad
	tells_nothing "$T/out"
}
