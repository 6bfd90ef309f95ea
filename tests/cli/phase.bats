#!/usr/bin/env bats
# When a fault comes, and for how long its recovery is watched.
load support
setup() {
	support_setup
	cd "$T"
	# The wait is over the longest period among the probes.
	experiment phased | sed 's/for: 500ms/for: 100ms/; s/^  objectives: .*/  cooldown: 0\n  recovery: 300ms/' |
		sed 's/every: 100ms/every: 50ms/; s/over 500ms/over 200ms/' >phased.yaml
	sed -i '/^  steadyState/i\    - {name: slow, role: signal, exec: {command: [/bin/true]}, every: 400ms}' phased.yaml
}
teardown() { support_teardown; }

run_of() { "$ORDEAL" run phased.yaml --quiet -o "$1" --set spec.repetitions=2 "${@:2}" || [[ $? == [15] ]]; }
phases() { jq -cs 'map(select(.e == "injection-phase") | [.rep, .phase_ns, .stratum]) | unique' "$1/latest/run.jsonl"; }

@test "the injection comes at a drawn phase, a stratum a repetition, and the seed decides" {
	run_of a --set spec.seed=7
	phases a
	jq -es 'map(select(.e == "injection-phase")) as $p |
		($p | map(.stratum[0]) | unique) == [1, 2] and
		all($p[]; .over_ns == 400000000 and .stratum[1] == 2 and .wait_ns < .over_ns and
			.phase_ns >= (.stratum[0] - 1) * 200000000 and .phase_ns < .stratum[0] * 200000000)' a/latest/run.jsonl
	# It is injected then: at most so late as a busy machine lets it.
	jq -es 'map(select(.e == "phase" and .phase == "inject")) as $i | map(select(.e == "injection-phase")) as $p |
		($i | length) == 2 and all($i[]; . as $at | ($p | map(select(.rep == $at.rep))[-1]) as $d |
		(($at.t - $d.phase_ns + $d.over_ns) % $d.over_ns) < 200000000 and $at.t - $d.t + 50000000 >= $d.wait_ns)' a/latest/run.jsonl
	# A function of the seed alone: the same on every machine.
	[ "$(phases a)" = "[[1,29144541,[1,2]],[2,329662040,[2,2]]]" ]
	run_of b --set spec.seed=8
	[ "$(phases b)" != "$(phases a)" ]
}

@test "without randomPhase nothing is drawn and nothing waited for" {
	run_of a --set spec.randomPhase=false --set spec.repetitions=1
	jq -es 'all(.e != "injection-phase")' a/latest/run.jsonl
	jq -es '.[0].plan.random_phase == false' a/latest/run.jsonl
}

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
