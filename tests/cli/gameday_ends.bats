#!/usr/bin/env bats
# Game days that are stopped: by anybody, by time, by Ctrl-C, by a kill; and what goes on.
load support
load gameday
setup() { gameday_setup; }
teardown() { support_teardown; }

@test "anybody may hold or abort; the time box ends a step" {
	long_fault
	sed -i 's/timeBox: 1m/timeBox: 2s/' day.yaml
	hold_day
	at '.e == "ready"'
	"$ORDEAL" gameday hold d --by on-call
	run "$ORDEAL" gameday go d
	[ "$status" -eq 2 ]
	[[ $output == *"the step is held: look again first"* ]]
	"$ORDEAL" gameday check d
	within 30 test "$(log | grep -c '"e":"ready"')" -ge 1
	within 30 "$ORDEAL" gameday go d
	at '.e == "phase" and .text == "hold"'
	[ "$(lease)" -eq 1 ]
	"$ORDEAL" gameday abort d --by on-call --note "users complain"
	at '.e == "ended" and .step == 1'
	within 5 no_lease
	told '.e == "abort" and .by == "on-call" and .text == "users complain"'
	within 30 "$ORDEAL" gameday go d
	at '.e == "abort" and .step == 2 and .text == "its time box of 2s is over"'
	ended_with 3 "$pid"
	no_lease
}

@test "Ctrl-C aborts the step and takes it back; once more leaves, and the day can go on" {
	long_fault
	hold_day
	at '.e == "ready"'
	"$ORDEAL" gameday go d
	at '.e == "phase" and .text == "hold"'
	kill -INT "$pid"
	at '.e == "ended"'
	within 5 no_lease
	told '.e == "abort" and .text == "Ctrl-C"'
	at '.e == "ready" and .step == 2'
	kill -INT "$pid"
	ended_with 3 "$pid"
	grep -q "the session can go on: ordeal gameday resume d" out
	printf 'wait ready\nskip\nwait over\n' >script
	run "$ORDEAL" gameday resume d <script
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"the session goes on"*"step 2 SKIPPED by owner"*"OVER"* ]]
}

@test "killed in the middle of a step: the fault is gone, and the session goes on where it was" {
	long_fault
	hold_day
	at '.e == "ready"'
	"$ORDEAL" gameday go d
	at '.e == "phase" and .text == "hold"'
	[ "$(lease)" -eq 1 ]
	run "$ORDEAL" gameday run day.yaml --session d --remote
	[ "$status" -eq 2 ]
	[[ $output == *"the session is held already"* ]]
	ours "$pid"
	kill -KILL "$pid"
	ended_with 137 "$pid"
	within 10 no_lease
	run "$ORDEAL" gameday go d
	[ "$status" -eq 2 ]
	[[ $output == *"nobody holds the session"* ]]
	# A line that was being written when it died is none.
	printf '{"at":"2026' >>state/ordeal/gamedays/d/session.jsonl
	# The file of the experiment is not read again: a day that is held never changes.
	rm quiet-kill.yaml day.yaml
	printf 'wait ready\nabort day\n' >script
	run "$ORDEAL" gameday run day.yaml --session d <script
	echo "$output"
	[ "$status" -eq 5 ]
	[[ $output == *"step 1 INTERRUPTED: who held the session had died"*"step 1 RETURNED"*"STEP 2 of 2   READY"*"OVER by owner: aborted"* ]]
	log | jq -es 'length > 5' >/dev/null
}
