#!/usr/bin/env bats
# Game days that are held: by a script, by people elsewhere, before those who do not know.
load support
load gameday
setup() { gameday_setup; }
teardown() { support_teardown; }

@test "a script holds a whole day: checks, go, words, steady states, the end" {
	run "$ORDEAL" gameday run day.yaml --session d <<-END
		# as it would be typed
		go
		wait injected
		mark detected on-call the pager rang
		note on-call: we look at the graphs
		wait returning
		board
		go
		wait over
	END
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"STEP 1 of 2   READY   The first hour"* ]]
	[[ $output == *"STEP 2 of 2   RUNNING   The second hour"* ]]
	[[ $output == *">  1. returning   The first hour: passed"* ]]
	[[ $output == *"THE GAME DAY IS OVER: every step has come to its end"* ]]
	# Each check said what it found, and why.
	told '.e == "check" and .check == "steady-state" and .result == "pass"'
	told '.e == "check" and .check == "rollback" and .result == "pass" and (.text | test("taken back in"))'
	told '.e == "check" and .check == "alerts" and .result == "cannot"'
	told '.e == "check" and .check == "disk" and .result == "pass"'
	log | jq -es '[.[] | select(.e == "steady") | .result] == ["pass", "pass"]'
	# The words are in the timeline of the step's run, too, and the run says of which day it is.
	dir=$(log | jq -r 'select(.e == "ended" and .step == 1).dir')
	jq -es 'any(.e == "mark" and .what == "detected" and .by == "on-call")' "$dir/run.jsonl"
	jq -es 'any(.e == "note" and .text == "we look at the graphs" and .by == "on-call")' "$dir/run.jsonl"
	jq -e '.plan.labels.gameday == "d" and .plan.labels["gameday-step"] == "1"' "$dir/report.json"
	[ "$(stat -c '%a' state/ordeal/gamedays/d/session.jsonl)" = 600 ]
	run "$ORDEAL" gameday resume d
	[ "$status" -eq 2 ]
	[[ $output == *"the game day is over"* ]]
	# Its reports lie beside it; what people may have written in is not made anew.
	cd state/ordeal/gamedays/d
	grep -q '| 1. The first hour | impact | Nobody feels it | none was seen' report.md
	grep -q '| session | step 1: mark detected by on-call: the pager rang |' report.md
	ls postmortems/step-1/*-quiet-kill.md postmortems/step-2/*-quiet-kill.md
	grep -q 'blank: mechanics' postmortem.md
	echo "ours" >>postmortem.md
	rm report.md
	"$ORDEAL" gameday report d >/dev/null
	[ -f report.md ]
	[ "$(tail -n 1 postmortem.md)" = ours ]
	[ "$(stat -c %a report.md postmortem.md postmortems | sort -u | tr '\n' ' ')" = "600 700 " ]
}

@test "who does not know reads no byte of what is hidden until it is revealed" {
	sed -i '/name: The second hour/,/timeBox/d' day.yaml
	hold_day
	at '.e == "ready"'
	start_watch() { "$ORDEAL" gameday watch d --role on-call >watched 2>&1 3>&- & started+=($!); }
	start_watch
	watcher=$!
	"$ORDEAL" gameday go d
	at '.e == "phase" and .text == "hold"'
	"$ORDEAL" gameday note d "kill-the-store was injected" --by observer
	"$ORDEAL" gameday note d "orders are slow" --by on-call
	"$ORDEAL" gameday mark d detected --by on-call
	at '.e == "ended"'
	"$ORDEAL" gameday show d --role on-call >shown
	cp state/ordeal/gamedays/d/responder.jsonl view
	within 10 grep -q ENDED watched
	cp watched watched-so-far
	for f in shown view watched-so-far; do
		run grep -iE 'kill|store|noop|quiet|Nobody|sleep|400|passed|left alone|injected' "$f"
		echo "$f: $output"
		[ "$status" -eq 1 ]
		grep -q "orders are slow" "$f"
		grep -q "detected" "$f"
	done
	[ "$("$ORDEAL" gameday show d --role observer | grep -c 'kill-the-store was injected')" -eq 1 ]
	"$ORDEAL" gameday reveal d
	within 10 grep -q "kill-the-store: noop on host for 400ms" watched
	ended_with 0 "$pid"
	wait "$watcher"
	grep -q "expected impact: Nobody feels it" watched
	grep -q "THE GAME DAY IS OVER" watched
}

@test "a check that fails holds the day, unless the owner overrules it, which is written down" {
	sed -i 's/there.ok_ratio >= 0.5/there.ok_ratio < 0.5/' quiet-kill.yaml
	hold_day
	at '.e == "ready"'
	told '.e == "check" and .check == "steady-state" and .result == "fail" and (.text | test("there.ok_ratio < 0.5"))'
	run "$ORDEAL" gameday go d
	[ "$status" -eq 2 ]
	[[ $output == *"a check failed: 'go overrule'"* ]]
	run "$ORDEAL" gameday go d --overrule --by on-call
	[ "$status" -eq 2 ]
	[[ $output == *"the owner alone decides that"* ]]
	"$ORDEAL" gameday go d --overrule --note "we want to see it"
	at '.e == "ended"'
	told '.e == "go" and .overrule and .by == "owner" and .text == "we want to see it"'
	# It was never steady, so nothing was injected, and it does not return.
	at '.e == "steady" and .result == "fail"'
	"$ORDEAL" gameday leave d
	at '.e == "ready" and .step == 2'
	"$ORDEAL" gameday skip d
	ended_with 4 "$pid"
	told '.e == "left" and .by == "owner"'
}
