#!/usr/bin/env bats
# Game days: what is read, and the plan on a page.
load support
load gameday
setup() { gameday_setup; }
teardown() { support_teardown; }

@test "validate reads a game day and its experiments, and says where a mistake is" {
	run "$ORDEAL" validate day.yaml quiet-kill.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"day.yaml: ok; a game day of 2 steps"*"quiet-kill.yaml: ok"* ]]
	sed -i 's/timeBox: 1m/timeBox: 1x/' day.yaml
	run "$ORDEAL" validate day.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"day.yaml:19:16: timeBox: "* ]]
	sed -i 's/timeBox: 1x/timeBox: 1m/; s/experiment: quiet-kill.yaml/experiment: not-there.yaml/' day.yaml
	run "$ORDEAL" validate day.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"day.yaml:12:19: experiment: "*"not-there.yaml"* ]]
	# A mistake in an experiment stands in its own file.
	sed -i 's/not-there.yaml/quiet-kill.yaml/' day.yaml
	sed -i 's/for: 400ms/for: 5m/' quiet-kill.yaml
	run "$ORDEAL" validate day.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"quiet-kill.yaml:"*"for: 5m is longer than limits.duration"* ]]
}

@test "a title that gives a hidden fault away is warned of" {
	sed -i 's/name: The first hour/name: Kill-the-store/' day.yaml
	run "$ORDEAL" validate day.yaml
	[ "$status" -eq 0 ]
	[[ $output == *"warning: step 1 is hidden, and its title or the briefing says 'kill-the-store'"* ]]
}

@test "the plan on a page, with what is hidden for those alone who know" {
	"$ORDEAL" plan day.yaml >all.md
	"$ORDEAL" gameday plan day.yaml >owner.md
	"$ORDEAL" gameday plan day.yaml --role observer >observer.md
	cmp all.md owner.md
	cmp all.md observer.md
	grep -q "kill-the-store: noop on host for 400ms" all.md
	grep -q "Expected impact: Nobody feels it" all.md
	grep -q "Taken back by hand: sleep a little" all.md
	grep -q "\[ \] rollback" all.md
	# Only the second step is open; take it away and nothing of the fault is left.
	sed '/name: The second hour/,/timeBox/d' day.yaml >one.yaml
	"$ORDEAL" gameday plan one.yaml --role on-call >on-call.md
	grep -q "The first hour" on-call.md
	grep -q "hidden until it is revealed" on-call.md
	run grep -iE "kill|store|noop|host|quiet|Nobody|sleep|1s|2s|400" on-call.md
	[ "$status" -eq 1 ]
	run "$ORDEAL" gameday plan day.yaml --role oncall
	[ "$status" -eq 2 ]
	[[ $output == *"no role 'oncall'; did you mean 'on-call'?"* ]]
}

@test "a game day is no experiment, and an unknown verb says what there is" {
	run "$ORDEAL" run day.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"day.yaml:2:7: kind 'GameDay' is no experiment; 'ordeal gameday' is for it"* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	run "$ORDEAL" gameday pln day.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean 'plan'?"* ]]
	# Beside experiments it is in nobody's way.
	run "$ORDEAL" next .
	[ "$status" -eq 0 ]
	[[ $output == *"day.yaml: a game day, which has no schedule"* ]]
	"$ORDEAL" schema GameDay | jq -e '.title == "ordeal game day"'
	run "$ORDEAL" schema Gameday
	[ "$status" -eq 2 ]
}
