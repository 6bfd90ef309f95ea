#!/usr/bin/env bats
# When a fault comes.
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
