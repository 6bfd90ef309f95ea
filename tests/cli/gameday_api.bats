#!/usr/bin/env bats
# Game days in the daemon: begun and held through its API, seen by those who know and those who do not.
load support
load gameday
setup() {
	gameday_setup
	sed -i 's/for: 400ms/for: 30s/; s/duration: 1s/duration: 31s/; s/over 400ms/over 200ms/; s/timeout: 1s/timeout: 300ms/' quiet-kill.yaml
}
teardown() {
	end_holders
	support_teardown
}

# One step, hidden and not rehearsed.
one_hidden() {
	sed -i '/name: The second hour/,/timeBox/d; s/      hidden: true/&\n      checks: [disk]/' day.yaml
}
serve_tokens() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf 'responder %s\nviewer %s\n' "$responder" "$viewer" >"$T/tokens"
	echo "$responder" >"$T/responder"
	chmod 600 "$T/tokens" "$T/responder"
	serve_days --listen "127.0.0.1:$port" --token-file "$T/tokens" "$@"
}
as_responder() { "$ORDEAL" ctl gameday "$@" --url "http://127.0.0.1:$port" --token-file "$T/responder"; }
responder=responder-responder viewer=viewer-viewer-viewer
running() { day_at '.steps[0].phase == "hold"'; }

@test "a game day of the folder is a row, and a session of it goes from step to step by the API" {
	serve_days
	api /v1/schedules | jq -e '.total == 1 and (.schedules[0] | .name == "a-day" and .kind == "GameDay" and .state == "unscheduled" and .message == null)'
	api /v1/gamedays | jq -e '.sessions == [] and .files == [{"name": "a-day", "file": "day.yaml", "steps": 2}]'
	run api /v1/gamedays '{"name":"another"}'
	[[ $output == *"the folder has no game day 'another'"* ]]
	# As a row that is run now, too.
	id=$(api /v1/schedules/a-day/run '{}' | jq -re .id)
	day_at '.step_state == "ready" and .may == ["go", "hold", "skip", "check", "reveal", "note", "mark"]'
	day '.steps[0].checks[0] | .check == "steady-state" and .result == "pass" and (.text | test("holds"))'
	day '.steps[0].faults == ["kill-the-store: noop on host for 30s"] and .steps[0].expect.detect_within == "1s"'
	tell_day go | jq -e .id
	running
	day_at '.live.probes[0] | .name == "there" and .good > 3'
	tell_day mark '{"what":"detected","by":"on-call"}' >/dev/null
	run tell_day go
	[[ $output == *'"status":409'*"the step runs: it can be aborted"* ]]
	tell_day abort '{"note":"enough"}' >/dev/null
	day_at '.step == 2 and .step_state == "ready" and .steps[0].state == "aborted" and .live == null'
	tell_day skip >/dev/null
	day_at '.state == "over" and .may == []'
	within 10 api "/v1/gamedays/$id/report"
	api "/v1/gamedays/$id/report" | grep -q '^# Game day: a-day'
	api "/v1/gamedays/$id/lines" | jq -e '.lines[0].e == "session" and .lines[-1].e == "end" and .next == (.lines | length)'
	api "/v1/gamedays/$id/lines?after=3" | jq -e '.lines[0].e == "check"'
	# What was hidden is a run like others when it was revealed.
	within 10 eval 'api "/v1/history?name=quiet-kill&label=gameday%3D$id" | jq -e ".runs | length == 1"'
	api /v1/schedules/a-day | jq -e '.state == "unscheduled"'
	[ "$(jq -r .order state/ordeal/serve/orders.jsonl | tr '\n' ' ')" = "gameday gameday-go gameday-mark gameday-go gameday-abort gameday-skip " ]
	kill -TERM "$daemon"
	ended_with 0 "$daemon"
}

@test "who does not know is told of a hidden run by no answer, no event, no folder and no process" {
	sed -i 's/      checks: .disk./      hidden: true/; s/hidden: true/&\n      checks: [disk]/' day.yaml
	serve_tokens
	begin_day
	curl -sN -m 25 -H "Authorization: Bearer $responder" "http://127.0.0.1:$port/v1/events" >heard 3>&- &
	started+=($!)
	day_at '.step_state == "ready"'
	tell_day go >/dev/null
	running
	api_as "$responder" "/v1/gamedays/$id/mark" '{"what":"detected","by":"on-call"}' | jq -e .id
	as_responder note latest "orders are slow" --by on-call
	as_responder show latest >shown
	grep -q '^you may: abort note mark$' shown
	run as_responder go latest
	[ "$status" -eq 2 ]
	[[ $output == *"is a responder, and this needs an operator"* ]]
	api_as "$responder" "/v1/gamedays/$id/go" '{}' | jq -e '.status == 403'
	api_as "$viewer" "/v1/gamedays/$id/abort" '{}' | jq -e '.status == 403'
	api_as "$responder" "/v1/gamedays/$id?view=all" | jq -e '.status == 403'
	asked() {
		local path
		for path in status schedules schedules/a-day runs calendar history gamedays "gamedays/$id" "gamedays/$id/lines" \
			"gamedays/$id/report" "gamedays/$id/postmortem" "history/trend?name=nothing" "history?label=gameday%3D$id" \
			"history/$hidden_run/report" "history/$hidden_run/report.json"; do
			api_as "$1" "/v1/$path"
		done
		api_as "$1" /metrics
	}
	hidden_run=$(day -r '.steps[0].run')
	for who in "$responder" "$viewer"; do asked "$who"; done >told
	# The processes of the session and its run, and the folder, for those who have an account on the machine.
	tr '\0' ' ' <"/proc/$(holder)/cmdline" >argv
	child=$(cat "/proc/$(holder)/task/$(holder)/children")
	for pid in $child; do tr '\0' ' ' <"/proc/$pid/cmdline"; done >>argv
	grep -q -- "--as gameday-step-1" argv
	[ "$(stat -c %a "state/ordeal/runs/$hidden_run")" = 700 ]
	# Aborted by one who does not know; the run is over, and still nobody's.
	api_as "$responder" "/v1/gamedays/$id/abort" '{"by":"on-call"}' | jq -e .id
	day_at '.step == 2 and .step_state == "ready"'
	within 10 test -s "state/ordeal/runs/$hidden_run/report.json"
	for who in "$responder" "$viewer"; do asked "$who"; done >>told
	ls state/ordeal/runs >>told
	within 10 grep -q '"e":"ended"' heard
	cp heard heard-so-far
	[ "$(grep -c '^{' told)" -gt 40 ]
	grep -q "orders are slow" told
	grep -q "orders are slow" heard-so-far
	for f in told heard-so-far argv shown; do
		run grep -iE 'kill|noop|quiet|Nobody|sleep|injected' "$f"
		echo "$f: $output"
		[ "$status" -eq 1 ]
	done
	# An operator may look through their eyes.
	api "/v1/gamedays/$id?view=responder" | jq -e '.view == "responder" and (.steps | map(has("faults") or has("run")) | any | not)'
	tell_day reveal '{"step":1}' >/dev/null
	within 10 grep -q '"experiment":"quiet-kill"' heard
	within 10 eval '[ "$(stat -c %a "state/ordeal/runs/$hidden_run")" = 755 ]'
	api_as "$viewer" "/v1/history?name=quiet-kill" | jq -e '.runs[0].labels["gameday-step"] == "1"'
	api_as "$viewer" "/v1/history/$hidden_run/report.json" | jq -e '.name == "quiet-kill"'
}

@test "a session goes on when the daemon is killed, and its step is reverted when its holder is" {
	one_hidden
	serve_days
	begin_day
	day_at '.step_state == "ready"'
	tell_day go >/dev/null
	running
	held_by=$(holder)
	kill -KILL "$daemon"
	wait "$daemon" || :
	[ "$(lease)" -eq 1 ]
	# Meanwhile somebody without the daemon speaks.
	"$ORDEAL" gameday note "$id" "we see it" --by on-call
	serve_days
	day '.state == "held" and .steps[0].state == "running" and .steps[0].phase == "hold"'
	[ "$(holder)" = "$held_by" ]
	api "/v1/gamedays/$id/lines" | jq -e 'any(.lines[]; .e == "note" and .text == "we see it")'
	kill -KILL "$held_by"
	day_at '.state == "left" and .may == ["resume"]'
	within 10 no_lease
	run tell_day note '{"note":"is anybody there"}'
	[[ $output == *'"status":409'*"nobody holds the session"* ]]
	tell_day resume >/dev/null
	day_at '.state == "held" or .state == "over"'
	day_at '.state == "over" and .steps[0].state == "interrupted"'
	run tell_day resume
	[[ $output == *"the game day is over"* ]]
}

@test "a session that was begun at a terminal is there, too, and a file that is wrong begins none" {
	sed -i 's/      hidden: true/&\n      checks: [disk]/' day.yaml
	serve_days
	hold_day day.yaml
	id=d
	within 10 eval '"$ORDEAL" ctl gameday --socket "$T/s" | grep -q "^d  *held *step 1 of 2"'
	day_at '.state == "held" and .step_state == "ready"'
	tell_day skip >/dev/null
	day_at '.step == 2'
	tell_day abort '{"day":true}' >/dev/null
	day_at '.state == "over"'
	sed -i 's/name: kill-the-store, noop/name: kill-the-store, nop/' folder/hidden/quiet-kill.yaml
	echo "spec: [" >>folder/hidden/quiet-kill.yaml
	run "$ORDEAL" ctl gameday begin a-day --socket "$T/s"
	[ "$status" -eq 2 ]
	[[ $output == *"quiet-kill.yaml:"* ]]
	api /v1/gamedays | jq -e '.sessions | length == 1'
}

@test "a halt ends the step that runs within a second, and nothing begins until it is resumed" {
	one_hidden
	sed -i 's/  coolDown/    - {name: Next, experiment: quiet-kill.yaml, checks: [disk]}\n&/' day.yaml
	serve_days
	begin_day
	day_at '.step_state == "ready"'
	tell_day go >/dev/null
	running
	before=$(date +%s%N)
	api /v1/halt '{}' | jq -e .halted
	within 10 no_lease
	took=$((($(date +%s%N) - before) / 1000000))
	echo "no lease is held after $took ms"
	day_at '.steps[0].state == "returning"'
	sleep 1.2
	day '.step == 1 and .steps[0].state == "returning" and .steps[1].state == "planned"'
	run api /v1/gamedays '{"name":"a-day"}'
	[[ $output == *'"status":409'*"all is halted"* ]]
	api /v1/resume '{}' >/dev/null
	day_at '.step == 2 and .step_state == "ready" and .steps[0].state == "aborted"'
	"$ORDEAL" halt
	run tell_day go
	[[ $output == *'"status":409'*"all is halted: 'ordeal resume'"* ]]
	"$ORDEAL" resume
	tell_day skip >/dev/null
	day_at '.state == "over"'
	[ "$took" -lt 3000 ]
}
