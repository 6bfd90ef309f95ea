#!/usr/bin/env bats
# For how long a recovery is watched.
load support
setup() {
	support_setup
	cd "$T"
	experiment phased | sed 's/for: 500ms/for: 100ms/; s/^  objectives: .*/  cooldown: 0\n  recovery: 300ms/' |
		sed 's/every: 100ms/every: 50ms/; s/over 500ms/over 200ms/' >phased.yaml
}
teardown() { support_teardown; }

run_of() { "$ORDEAL" run phased.yaml --quiet -o "$1" --set spec.repetitions=2 "${@:2}" || [[ $? == [15] ]]; }

@test "the recovery is watched until it is full, and no longer than it may be" {
	chmod 755 "$T" # the program of a probe runs without root's rights
	sed -i '/^  steadyState/i\    - {name: queue, role: signal, exec: {command: [/usr/bin/test, -e, '"$T"'/drained]}, every: 50ms}' phased.yaml
	sed -i 's/^  recovery: .*/  recovery: 20s\n  fullRecovery: [queue.ok_ratio >= 1 over 300ms]\n  objectives: [recover(full) within 15s hold 400ms]/' phased.yaml
	start "$ORDEAL" run phased.yaml --quiet -o a
	within 60 grep -q '"phase":"recovery"' a/latest/run.jsonl
	sleep 1.5 # users have recovered long since
	run grep -q '"phase":"steady-after"' a/latest/run.jsonl
	[ "$status" -ne 0 ]
	touch drained
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 0 ] || [ "$rc" -eq 5 ]
	jq -es 'map(select(.e == "phase")) as $p | ($p | map(select(.phase == "recovery"))[0].t) as $from |
		($p | map(select(.phase == "steady-after"))[0].t) as $to |
		map(select(.e == "sample" and .p == "queue" and .good))[0].due as $drained |
		$to - $drained > 400000000 and $to - $from < 19e9' a/latest/run.jsonl
	rm drained
	run_of b --set spec.repetitions=1 --set spec.recovery=1s --set 'spec.objectives=[recover(full) within 900ms hold 0]'
	jq -es 'map(select(.e == "phase")) as $p | ($p | map(select(.phase == "recovery"))[0].t) as $from |
		($p | map(select(.phase == "steady-after"))[0].t) - $from | . >= 1e9 and . < 4e9' b/latest/run.jsonl
}
