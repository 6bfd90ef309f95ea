#!/usr/bin/env bats
# timeout 240 s
# `ordeal serve --lease`: of several daemons one begins runs, whatever becomes of the API server and of the other.
bats_require_minimum_version 1.5.0
load cluster
setup() {
	cluster_setup
	mkdir "$T/exp"
}
teardown() { cluster_teardown; }

# experiment NAME SCHEDULE FAULT [FOR]: on deployment/web of this test.
experiment() {
	cat >"$T/new" <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: $1}
		spec:
		  hypothesis: it is borne
		  schedule: $2
		  probes: [{name: here, exec: {command: [/bin/true]}, every: 100ms, timeout: 1s}]
		  faults: [{name: it, $3, target: {workload: Deployment/web, namespace: $NS}, for: ${4:-500ms}}]
		  recovery: 100ms
		  limits: {targets: 1, duration: 100s}
	EOF
	mv "$T/new" "$T/exp/$1.yaml"
}
never='{at: "2199-01-01T00:00Z"}'
half='workload.scale: {to: 1}'

# daemon NAME: over that folder, with a state of its own; its pid is in ${pids[NAME]}.
declare -gA pids=()
daemon() {
	mkdir -p "$T/$1"
	T=$T/$1 start "$ordeal" serve "$T/exp" --state "$T/$1/state" -o "$T/$1/runs" --socket "$T/$1/sock" --context kubelab \
		--lease "$NS/daemon" --namespace "$NS"
	pids[$1]=$pid
	until_ok 20 said "$1" "schedules in"
}
said() { grep -qF -- "$2" "$T/$1/err" || { tail -n 15 "$T/$1/err" && return 1; }; }
ask() { curl -sS -m 5 --unix-socket "$T/$1/sock" "http://localhost/$2" "${@:3}"; }
order() { ask "$1" "v1/schedules/$2/run" -H 'Content-Type: application/json' -d '{}'; }
ordered() { order "$@" | tee "$T/answer" | jq -e .key || { cat "$T/answer" && return 1; }; }
health() { [ "$(ask "$1" healthz)" = "$2" ] || { ask "$1" v1/status && return 1; }; }
state() { [ "$(ask "$1" v1/status | jq -r .lease.state)" = "$2" ]; }
holder() { get lease/daemon .spec.holderIdentity; }
running() { [ "$(ask "$1" v1/status | jq .running)" = "$2" ]; }
runs() { find "$T/$1/runs" -mindepth 1 -maxdepth 1 -type d -name '2*' 2>/dev/null | wc -l; }
some_runs() { [ "$(runs "$1")" -ge "$2" ]; }
# The one that began it wrote its name into the run's key.
began() { grep -c ': begun (' "$T/$1/err" || :; }

@test "of two one begins runs; it lets go at its end, and the other has it at once" {
	deployment web 2
	experiment often '{cron: "* * * * * *"}' 'noop: {}' 100ms
	daemon a
	until_ok 20 health a ready
	[ "$(holder)" = "$(ask a v1/status | jq -r .lease.me)" ]
	daemon b
	until_ok 10 state b standby
	health b standby
	[ "$(curl -sS -m 5 -o /dev/null -w '%{http_code}' --unix-socket "$T/b/sock" http://localhost/readyz)" = 503 ]
	ask b metrics | grep -x 'ordeal_ready 0'
	ask a metrics | grep -x 'ordeal_ready 1'
	[[ $(order b often | jq -r .detail) == *"on standby: $NS/daemon is held by $(holder)"* ]]
	until_ok 20 some_runs a 3
	[ "$(began b)" = 0 ]
	kill -TERM "${pids[a]}"
	ended_with 0 "${pids[a]}"
	until_ok 8 health b ready
	until_ok 20 some_runs b 2
	[ "$(get lease/daemon .spec.leaseTransitions)" = 1 ]
	# What the first had dealt with was not made up for: no instant is in both journals.
	[ -z "$(cat "$T"/[ab]/state/journal | cut -c10- | jq -r 'select(.c == "claim" and .n == "often") | .p' | sort | uniq -d)" ]
	kill -TERM "${pids[b]}"
	ended_with 0 "${pids[b]}"
	[ -z "$(holder)" ]
}

@test "one that is stopped loses it, and aborts what runs when it goes on" {
	deployment web 2
	experiment long "$never" "$half" 60s
	daemon a
	until_ok 20 health a ready
	ordered a long
	until_ok 20 is deployment/web .spec.replicas 1
	daemon b
	until_ok 10 state b standby
	kill -STOP "${pids[a]}"
	from=${EPOCHREALTIME/[.,]/}
	until_ok 60 health b ready
	[ $((${EPOCHREALTIME/[.,]/} - from)) -gt 12000000 ]
	# The run lives by itself: it is no leftover, and nobody else's to take back. That is waited for.
	[ "$(get lease/daemon .spec.holderIdentity)" = "$(ask b v1/status | jq -r .lease.me)" ]
	is deployment/web .spec.replicas 1
	kill -CONT "${pids[a]}"
	until_ok 10 health a standby
	until_ok 20 is deployment/web .spec.replicas 2
	until_ok 20 running a 0
	said a "is lost"
	no_traces
	[ "$(began b)" = 0 ]
}

@test "an API server that hangs: what runs is aborted before another may begin, and the daemon answers all the while" {
	OWN_CLUSTER=1 own_cluster
	k create namespace "$NS" >/dev/null
	until_ok 20 k get serviceaccount default
	deployment web 2
	experiment long "$never" 'noop: {}' 100s
	daemon a
	until_ok 20 health a ready
	ordered a long
	until_ok 20 running a 1
	part kube-apiserver stop
	from=${EPOCHREALTIME/[.,]/}
	# Each answer within a second, though nothing is heard of the Lease.
	while health a ready; do
		[ $((${EPOCHREALTIME/[.,]/} - from)) -lt 14000000 ]
		sleep .2
	done
	running a 0 || until_ok 5 running a 0
	took=$(((${EPOCHREALTIME/[.,]/} - from) / 1000))
	echo "given up after $took ms"
	[ "$took" -lt 15000 ]
	[ "$took" -gt 5000 ]
	[[ $(order a long | jq -r .detail) == *"on standby"* ]]
	part kube-apiserver cont
	until_ok 40 health a ready
	[ "$(ask a v1/status | jq .lease.terms)" = 2 ]
}

@test "what a daemon left behind is reverted before the next begins; what is not its to see is passed over" {
	deployment web 2
	experiment long "$never" "$half" 60s
	daemon a
	until_ok 20 health a ready
	ordered a long
	until_ok 20 is deployment/web .spec.replicas 1
	# All of them, as when a container ends: daemon, run, holder, guardian.
	python3 "$SOURCE_DIR/tests/cluster/faults/kill_all.py" "${pids[a]}"
	is deployment/web .spec.replicas 1
	rm -rf "$XDG_STATE_HOME/ordeal/undo"
	daemon b
	until_ok 60 health b ready
	is deployment/web .spec.replicas 2
	no_traces
	said b "ready: nothing is left"
	[ -z "$(grep -F 'tried again' "$T/b/err")" ]
}

@test "what is wrong about it is said" {
	for lease in "$NS" /x x/ a/b/c; do
		run "$ordeal" serve "$T/exp" --lease "$lease" --context kubelab
		[ "$status" -eq 2 ]
		[[ $output == *"--lease takes NAMESPACE/NAME"* ]]
	done
	run "$ordeal" serve "$T/exp" --lease "$NS/daemon"
	[ "$status" -eq 2 ]
	[[ $output == *"name the cluster by --context"* ]]
	run "$ordeal" serve "$T/exp" --state "$T/s" --socket "$T/sock" --lease "$NS/daemon" --context elsewhere
	[ "$status" -eq 2 ]
	[[ $output == *"elsewhere"* ]]
	run "$ordeal" serve "$T/exp" --namespace x
	[ "$status" -eq 2 ]
	run "$ordeal" rescue --wait
	[ "$status" -eq 2 ]
}
