#!/usr/bin/env bats
# no_regression in runs: against a tag, a file, and what is not there.
load support
setup() {
	support_setup
	cd "$T"
	runs=$T/state/ordeal/runs
}
teardown() { support_teardown; }

# A real run: the service answers again half a second after it was paused, or not before it goes on.
paused() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: paused}
spec:
  hypothesis: It goes on.
  probes:
    - name: runs
      exec: {command: [/bin/grep, -q, sleeping, /proc/$1/status]}
      every: 50ms
      timeout: 1s
  steadyState: [runs.ok_ratio >= 0.5 over 200ms]
  faults:
    - name: pause
      proc.pause: {}
      target: {pid: $1}
      for: 300ms
  objectives: ["no_regression(impact) margin 100% against $2"]
  repetitions: 4
  cooldown: 0s
  recovery: 2s
  randomPhase: false
  limits: {targets: 1, duration: 1s}
END
}

@test "no_regression: against a tag that is not there, a file, and a file that is not there" {
	start_victim
	paused "$victim" first >first.yaml
	run "$ORDEAL" run first.yaml --quiet --tag first
	echo "$output"
	[ "$status" -eq 5 ]
	[[ $output == *"no run has the tag 'first' yet"* ]]
	[ -e "$runs/tags/first/run.jsonl" ]
	run "$ORDEAL" run first.yaml --quiet --tag first
	[ "$status" -eq 2 ]
	[[ $output == *"another run has the tag 'first'"* ]]
	"$ORDEAL" baseline first >base.json
	paused "$victim" base.json >second.yaml
	run "$ORDEAL" run second.yaml --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	# The timeline alone rebuilds it, wherever the baseline is by now.
	# Of another plan: told before anything is run, which the dry run shows.
	run "$ORDEAL" run second.yaml --dry-run --set spec.recovery=3s
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"margin 100% against base.json: the baseline is of another plan: recovery_ns is 2000000000 and 3000000000: it will be inconclusive"* ]]
	run "$ORDEAL" run second.yaml --dry-run
	[[ $output != *"another plan"* ]]
	cp -r "$(readlink -f "$runs/latest")" copy
	rm -r base.json "$runs"
	cp copy/report.json before.json
	"$ORDEAL" report ./copy
	cmp before.json copy/report.json
	jq -e '.regressions[0] | .result == "met" and .baseline.measured == 4 and .figures[0].figure == "impact"' before.json
	grep -q '"e":"baseline"' copy/run.jsonl
	run "$ORDEAL" run second.yaml --quiet
	[ "$status" -eq 2 ]
	[[ $output == *"base.json"* ]]
}

@test "a run that is a baseline by its path stays, whatever a retention says" {
	start_victim
	paused "$victim" first >first.yaml
	run "$ORDEAL" run first.yaml --quiet --set spec.repetitions=2
	[ "$status" -eq 5 ]
	first=$(basename "$(readlink -f "$runs/latest")")
	paused "$victim" "$runs/$first" >second.yaml
	for _ in 1 2; do
		run "$ORDEAL" run second.yaml --quiet --set spec.repetitions=2
		echo "$output"
		[[ "$status" =~ ^[015]$ ]]
	done
	"$ORDEAL" history prune --keep-last 1 >out
	cat out
	[ -e "$runs/$first/run.jsonl" ]
	# It goes when nothing is held against it any more: the last of the others has gone.
	find "$runs" -mindepth 1 -maxdepth 1 -name '*-paused-*' ! -name "$first" -exec rm -r {} +
	"$ORDEAL" history prune --keep-last 9
	"$ORDEAL" run second.yaml --quiet --set spec.repetitions=1 --set 'spec.objectives=["recover(self) within 20s"]' || [ $? -eq 5 ]
	"$ORDEAL" history prune --keep-last 1
	[ ! -e "$runs/$first" ]
}
