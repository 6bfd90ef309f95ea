#!/usr/bin/env bats
# Runs that end as soon as a sequential test of their repetitions is decided.
load support
setup() {
	support_setup
	cd "$T"
	start_victim
	cat >early.yaml <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: early}
spec:
  probes:
    - name: runs
      exec: {command: [/bin/grep, -q, sleeping, /proc/$victim/status]}
      every: 50ms
      timeout: 1s
  steadyState: [runs.ok_ratio >= 0.5 over 200ms]
  faults:
    - {name: pause, proc.pause: {}, target: {pid: $victim}, for: 300ms}
  # It does not go on while it is paused, and goes on at once after that.
  objectives:
    - recover(self) within 200ms hold 100ms
    - recover(after_rollback) within 10s hold 100ms
  repetitions: 30
  sequential: {}
  cooldown: 0s
  recovery: 12s
  randomPhase: false
  limits: {targets: 1, duration: 1s}
END
}
teardown() { support_teardown; }

timeline() { jq -es "$@" "$T/state/ordeal/runs/latest/run.jsonl"; }
report() { jq -e "$@" "$T/state/ordeal/runs/latest/report.json"; }
repetitions() { timeline '[.[] | select(.e == "phase" and .phase == "hold")] | length'; }

@test "rejected after the second miss of thirty; the timeline and every report say so" {
	run "$ORDEAL" run early.yaml
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"sequential test: 2 of 2 missed: rejected, no further repetition is run"* ]]
	[ "$(repetitions)" -eq 2 ]
	timeline '[.[] | select(.e == "sequential")] as [$a, $b] | ($a | has("decision") | not) and $a.rep == 1 and $a.n == 1 and
		$b.decision == "rejected" and $b.n == 2 and $b.missed == 2 and $b.reject_micro == 1284874 and $b.accept_micro == -859367'
	timeline '.[-1].e == "end" and .[-1].cause == "complete"'
	report '.sequential | .stopped_early and .decision == "rejected" and .planned == 30 and .n == 2'
	report '(.repetitions | length) == 2 and .plan.sequential.p2_ppm == 100000'
	grep -q '^stopped early after 2 of 30 repetitions by SPRT (p1 1%, p2 10%, alpha 5%, beta 10%), rejected' "$T/state/ordeal/runs/latest/report.md"
	grep -q 'stopped early after 2 of 30' "$T/state/ordeal/runs/latest/report.html"
	# What is compared is what was run.
	"$ORDEAL" baseline latest | jq -e '.runs[0].repetitions == 2 and .runs[0].left_out == {}'
	run "$ORDEAL" compare --sequential latest
	[[ $output == *"rejected"*"decided at repetition 2"* ]]
}

@test "accepted by the one objective that is tested, whatever the others do; the verdict stays theirs" {
	run "$ORDEAL" run early.yaml --quiet --set 'spec.sequential.objective=recover(after_rollback) within 10s hold 100ms' \
		--set spec.sequential.p1=0.1 --set spec.sequential.p2=0.6 --set spec.sequential.alpha=0.2 --set spec.sequential.beta=0.2
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(repetitions)" -eq 2 ] # ln(0.8 / 0.2) / ln(0.9 / 0.4) = 1.7
	report '.sequential | .decision == "accepted" and .missed == 0 and .objective == "recover(after_rollback) within 10s hold 100ms"'
}

@test "not decided: every repetition is run, and the report says what it takes" {
	run "$ORDEAL" run early.yaml --quiet --set spec.repetitions=2 --set 'spec.objectives=[recover(after_rollback) within 10s hold 100ms]'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"early.yaml:18:15: warning: sequential: within 2 repetitions it is never accepted, which takes 24 without a miss"* ]]
	[ "$(repetitions)" -eq 2 ]
	report '.sequential | (.stopped_early | not) and .decision == null and .n == 2'
	grep -q 'not decided within 2 repetitions: 0 of 2 repetitions missed an objective; without a miss it takes 24' "$T/state/ordeal/runs/latest/report.md"
}

@test "plan shows it; runs with it and without are of one plan to compare" {
	run "$ORDEAL" plan early.yaml
	[[ $output == *"ends early when it is clear whether 1% or 10% of them miss (alpha 5%, beta 10%): any objective"* ]]
	"$ORDEAL" run early.yaml --quiet || [ $? -eq 1 ]
	"$ORDEAL" baseline latest >with.json
	sed -i '/sequential:/d' early.yaml
	"$ORDEAL" run early.yaml --quiet --set spec.repetitions=2 || [ $? -eq 1 ]
	run "$ORDEAL" compare with.json latest
	echo "$output"
	[ "$status" -le 1 ]
}
