#!/usr/bin/env bats
# One fault by hand: how it begins, and everything that ends it.
load support
setup() { support_setup; start_victim; }
teardown() { support_teardown; }

@test "events as JSON lines, the end by time, residue 0" {
	run "$ORDEAL" inject proc.pause --pid "$victim" --for 300ms
	[ "$status" -eq 0 ]
	[ "$(jq -rs 'map(.event) | join(" ")' <<<"$output")" = "checked injected reverting reverted" ]
	jq -es '.[3].cause == "deadline" and .[3].residue == 0' <<<"$output"
	within 2 state_is "$victim" S
}

@test "the effect is there when injected is said, and gone at the end" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 20s
	within 5 has_event injected
	state_is "$victim" T
	kill -INT "$pid"
	ended_with 0 "$pid"
	has_event reverted
	within 2 state_is "$victim" S
}

@test "SIGTERM ends it as Ctrl-C does" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 20s
	within 5 has_event injected
	kill -TERM "$pid"
	ended_with 0 "$pid"
	within 2 state_is "$victim" S
}

@test "the death of the command ends it" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 20s
	within 5 has_event injected
	kill -KILL "$pid"
	within 2 state_is "$victim" S
}

@test "a process that somebody else lets go on ends it, and is named" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 60s
	within 5 has_event injected
	kill -CONT "$victim"
	ended_with 6 "$pid"
	grep -q "somebody else let process $victim (sleep) go on: its state is S" "$T/out" "$T/err"
	has_event reverted
}

@test "halt ends every lease within a second; new ones are refused until resume" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 60s
	within 5 has_event injected
	run "$ORDEAL" status
	[[ $output == *proc.pause* ]]
	"$ORDEAL" status --json | jq -e '.leases | length == 1'
	before=$(date +%s%N)
	run "$ORDEAL" halt
	after=$(date +%s%N)
	[ "$status" -eq 0 ]
	[[ $output == "halted: 1 lease ended"* ]]
	within 2 state_is "$victim" S
	[ $(((after - before) / 1000000)) -lt 1000 ]
	ended_with 3 "$pid"
	run "$ORDEAL" inject noop --host --for 100ms
	[ "$status" -eq 2 ]
	[[ $output == *resume* ]]
	# A run is refused before its steady state is waited for, and leaves no folder.
	experiment refused >"$T/refused.yaml"
	run "$ORDEAL" run "$T/refused.yaml" -o "$T/refused" --quiet
	[ "$status" -eq 2 ]
	[[ $output == *resume* ]]
	[ ! -e "$T/refused" ]
	"$ORDEAL" doctor --json | jq -e .halted
	run "$ORDEAL" status
	[[ $output == *halted* ]]
	run "$ORDEAL" resume
	[ "$status" -eq 0 ]
	run "$ORDEAL" inject noop --host --for 100ms
	[ "$status" -eq 0 ]
}

@test "rescue has nothing to do where nothing is left" {
	run "$ORDEAL" rescue
	[ "$status" -eq 0 ]
	[ "$output" = "nothing to rescue" ]
	run "$ORDEAL" rescue --dry-run --json
	[ "$(jq length <<<"$output")" -eq 0 ]
}

@test "a holder that stands still is ended by its guardian, which says so" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 60s
	within 5 has_event injected
	holder=$("$ORDEAL" status --json | jq '.leases[0].holder')
	[ "$holder" -gt 1 ]
	kill -STOP "$holder"
	within 5 state_is "$victim" S
	ended_with 6 "$pid"
	cat "$T/err"
	grep -q "killed by signal 9.*the guardian ended lease 'inject-.*': its holder gave no sign of life" "$T/err"
}

@test "rescue lets a process go on whose holder and guardian were killed" {
	start "$ORDEAL" inject proc.pause --pid "$victim" --for 60s
	within 5 has_event injected
	holder=$("$ORDEAL" status --json | jq '.leases[0].holder')
	guardian=$("$ORDEAL" status --json | jq '.leases[0].guardian')
	[ "$holder" -gt 1 ]
	[ "$guardian" -gt 1 ]
	# In one call, so that neither sees the other die.
	kill -STOP "$guardian"
	kill -KILL "$holder" "$guardian"
	within 5 gone "$pid"
	state_is "$victim" T
	run "$ORDEAL" rescue --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *proc.pause* ]]
	state_is "$victim" T
	run "$ORDEAL" rescue
	[ "$status" -eq 0 ]
	within 2 state_is "$victim" S
	run "$ORDEAL" rescue
	[ "$output" = "nothing to rescue" ]
}

@test "a process that is not there is a mistake, before anything is done" {
	kill -KILL "$victim"
	wait "$victim" || :
	run "$ORDEAL" inject proc.pause --pid "$victim" --for 1s
	[ "$status" -eq 2 ]
}

@test "pid 1 and ordeal's own are refused" {
	run "$ORDEAL" inject proc.kill --pid 1 --for 1s
	[ "$status" -eq 2 ]
}

@test "on a terminal it speaks to people" {
	run script -qec "$ORDEAL inject proc.pause --pid $victim --for 300ms" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"in force for 300ms"* ]]
	[[ $output == *"residue: 0"* ]]
	[[ $output != *'"event"'* ]]
	run script -qec "$ORDEAL inject noop --host --for 100ms --json" /dev/null
	[[ $output == *'"event":"injected"'* ]]
	run "$ORDEAL" inject noop --host --for 100ms --quiet
	[ -z "$output" ]
}

@test "an engine that there is not is refused" {
	run "$ORDEAL" inject net.delay --delay 1ms --engine warp --host --for 100ms
	[ "$status" -eq 2 ]
}
