#!/usr/bin/env bats
# What stops a run, when it cannot be seen.
load support
setup() { support_setup; cd "$T"; }
teardown() { support_teardown; }

@test "nothing is injected while the alert that would stop it cannot be asked for" {
	experiment blind >blind.yaml
	cat >>blind.yaml <<-'END'
	  detection: {alertmanager: {url: "http://127.0.0.1:1", every: 200ms}}
	  abort: ['alertmanager:CheckoutDown firing']
	END
	run "$ORDEAL" run blind.yaml -o runs
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"alertmanager:CheckoutDown firing: it could not be asked"* ]]
	run grep -c '"state":"requested"' runs/latest/run.jsonl
	[ "$output" = 0 ]
}
