#!/usr/bin/env bats
# The daemon as the first process of a container: no init is there to take in who is orphaned.
bats_require_minimum_version 1.5.0
load support
setup() {
	support_setup
	ns=(unshare --pid --fork --mount-proc --kill-child)
	[ "$(id -u)" = 0 ] || ns+=(--user --map-current-user)
	"${ns[@]}" true 2>/dev/null || skip "no pid namespace can be made here"
	mkdir "$T/exp"
	# Each of its commands leaves a process behind.
	cat >"$T/exp/orphans.yaml" <<-'EOF'
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: orphans}
		spec:
		  hypothesis: nothing happens
		  schedule: {cron: "* * * * * *"}
		  probes: [{name: here, exec: {command: [/bin/sh, -c, "sleep 0.05 & exit 0"]}, every: 50ms, timeout: 1s}]
		  faults: [{name: none, noop: {}, target: {host: true}, for: 200ms}]
		  recovery: 100ms
		  limits: {targets: 1, duration: 10s}
	EOF
}
teardown() { support_teardown; }
said() { grep -qF -- "$*" "$T/err"; }
# Of those below the first process, the daemon that is its child.
below() { cat "/proc/$1/task/$1/children"; }

@test "who is orphaned is taken in, signals are passed on, and its end is the container's" {
	start "${ns[@]}" "$ORDEAL" serve "$T/exp"
	within 20 said "passed"
	first=$(below "$pid")
	first=${first%% *}
	sleep 1
	n=0
	for child in $(below "$first"); do
		state=$(sed 's/.*) \(.\).*/\1/' "/proc/$child/stat" 2>/dev/null) || continue
		[ "$state" != Z ] || n=$((n + 1))
	done
	echo "$n of the first process's children have ended and are not taken in"
	[ "$n" -le 1 ]
	kill -TERM "$first"
	ended_with 0 "$pid"
}

@test "its exit status is the daemon's" {
	run -2 "${ns[@]}" "$ORDEAL" serve "$T/nowhere"
	[[ $output == *nowhere* ]]
}
