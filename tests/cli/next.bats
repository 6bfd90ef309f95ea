#!/usr/bin/env bats
# The calendar of experiments: 'ordeal next'.
bats_require_minimum_version 1.5.0
load support
setup() {
	support_setup
	cd "$T"
}
teardown() { support_teardown; }

# schedule NAME SCHEDULE: an experiment in $T/exp.
schedule() {
	mkdir -p exp
	cat >"exp/$1.yaml" <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: $1}
		spec:
		  hypothesis: nothing happens
		  schedule: $2
		  probes: [{name: here, tcp: {host: 127.0.0.1, port: 9}, every: 100ms, timeout: 1s}]
		  faults: [{name: none, noop: {}, target: {host: {}}, for: 1s}]
		  limits: {targets: 1, duration: 10s}
	EOF
}

@test "a calendar, in the zone of each experiment, in order" {
	schedule slow '{cron: "0 10 * * mon-fri", timezone: Europe/Berlin}'
	schedule down '{cron: "30 4 * * *", timezone: America/New_York}'
	run --separate-stderr "$ORDEAL" next exp --from 2026-11-20T12:00Z --for 3d
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Sat 2026-11-21 04:30:00 -05:00  down" ]
	[ "${lines[1]}" = "Sun 2026-11-22 04:30:00 -05:00  down" ]
	[ "${lines[2]}" = "Mon 2026-11-23 10:00:00 +01:00  slow" ]
	[ "${lines[3]}" = "Mon 2026-11-23 04:30:00 -05:00  down" ]
	[ "${#lines[@]}" -eq 4 ]
}

@test "JSON: a list with 'at' in UTC; nothing is an empty list" {
	schedule slow '{cron: "30 2 * * *", timezone: Europe/Berlin}'
	run --separate-stderr "$ORDEAL" next exp/slow.yaml --from 2027-03-28 --for 1d --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.[0].at' <<<"$output")" = 2027-03-28T01:00:00.000Z ]
	[ "$(jq -r '.[0].local' <<<"$output")" = 2027-03-28T03:00:00+02:00 ]
	[ "$(jq -r '.[0].insteadOf' <<<"$output")" = 2027-03-28T02:30:00 ]
	[ "$(jq -r '.[0].name + " " + .[0].file + " " + .[0].timezone' <<<"$output")" = \
		"slow exp/slow.yaml Europe/Berlin" ]
	[ "$(jq length <<<"$output")" -eq 1 ]
	run --separate-stderr "$ORDEAL" next exp --from 2027-03-28T12:00Z --for 1h --json
	[ "$status" -eq 0 ]
	[ "$(jq -c . <<<"$output")" = "[]" ]
	[[ $stderr == *"nothing within that time; the next is at 2027-03-29T02:30:00+02:00"* ]]
}

@test "a time that does not exist is said" {
	schedule slow '{cron: "30 2 * * *", timezone: Europe/Berlin}'
	run --separate-stderr "$ORDEAL" next exp --from 2027-03-28 --for 1d
	[ "$output" = "Sun 2027-03-28 03:00:00 +02:00  slow  (02:30:00 does not exist on that day)" ]
}

@test "random times and jitter are the same each time, and others with another seed" {
	schedule dice '{random: {}, windows: [{days: mon-fri, from: "09:00", to: "17:00"}]}'
	schedule late '{cron: "0 12 * * *", jitter: 30m}'
	"$ORDEAL" next exp --from 2026-11-21 2>/dev/null >one
	"$ORDEAL" next exp --from 2026-11-21 2>/dev/null >two
	cmp one two
	[ "$(grep -c dice one)" -eq 5 ]
	[ "$(grep -c late one)" -eq 7 ]
	[ "$(grep late one | cut -d' ' -f3 | sort -u | wc -l)" -gt 3 ]
	"$ORDEAL" next exp --from 2026-11-21 --set spec.seed=7 2>/dev/null >three
	run cmp -s one three
	[ "$status" -eq 1 ]
	# From within: what was told before holds.
	"$ORDEAL" next exp --from 2026-11-24T10:00Z --for 4d 2>/dev/null >four
	tail -n "$(wc -l <four)" one >end
	cmp end four
}

# monkey ONEOF: a Schedule in $T/exp that draws one of these each weekday.
monkey() {
	cat >exp/monkey.yaml <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Schedule
		metadata: {name: monkey}
		spec:
		  schedule: {random: {each: day}, windows: [{days: mon-fri, from: "09:00", to: "16:00"}]}
		  oneOf: $1
	EOF
}

@test "one of several: which and when is told beforehand" {
	schedule slow '{at: 2020-01-01T00:00Z}'
	schedule down '{at: 2020-01-01T00:00Z}'
	monkey '[slow, down.yaml]'
	"$ORDEAL" next exp/monkey.yaml --from 2026-11-23 --for 28d >one
	"$ORDEAL" next exp/monkey.yaml --from 2026-11-23 --for 28d >two
	cmp one two
	[ "$(wc -l <one)" -eq 20 ]
	[ "$(grep -cE '  monkey: (slow|down)$' one)" -eq 20 ]
	[ "$(cut -d: -f5 one | sort -u | wc -l)" -eq 2 ]
	"$ORDEAL" next exp/monkey.yaml --from 2026-11-23 --for 28d --json |
		jq -e '[.[].chosen] | length == 20 and (unique == ["down", "slow"])'
	"$ORDEAL" next exp/monkey.yaml --from 2026-11-23 --for 28d --set spec.seed=9 >three
	run cmp -s one three
	[ "$status" -eq 1 ]
	run "$ORDEAL" validate exp/monkey.yaml
	[ "$status" -eq 0 ]
	[[ $output == "exp/monkey.yaml: ok; a schedule of 2 experiments of its folder" ]]
	"$ORDEAL" schema Schedule | jq -e '.title == "ordeal schedule"'
}

@test "one of several: an experiment that is not in the folder, and the wrong command" {
	schedule slow '{at: 2020-01-01T00:00Z}'
	schedule broken '{at: soon}'
	monkey '[slwo, slow.yml, broken.yaml, monkey.yaml, nothing-like-it]'
	for verb in validate next; do
		run "$ORDEAL" "$verb" exp/monkey.yaml
		[ "$status" -eq 2 ]
		[[ $output == *"exp/monkey.yaml:6:11: oneOf: there is no experiment 'slwo' in exp/; did you mean 'slow'?"* ]]
		[[ $output == *"exp/monkey.yaml:6:17: oneOf: there is no file 'slow.yml' in exp/; did you mean 'slow.yaml'?"* ]]
		[[ $output == *"exp/monkey.yaml:6:27: oneOf: 'broken.yaml' is no experiment, or has mistakes: 'ordeal validate exp/broken.yaml'"* ]]
		[[ $output == *"exp/monkey.yaml:6:40: oneOf: 'monkey.yaml' is no experiment"* ]]
		[[ $output == *"exp/monkey.yaml:6:53: oneOf: there is no experiment 'nothing-like-it' in exp/" ]]
	done
	run "$ORDEAL" run exp/monkey.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"exp/monkey.yaml:2:7: kind 'Schedule' is no experiment, but says when one of several is run"* ]]
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "a broken file leaves the others in the calendar, and is exit 2" {
	schedule good '{cron: "@daily"}'
	schedule bad '{cron: "0 25 * * *"}'
	schedule where '{cron: "@daily", timezone: Europe/Berln}'
	schedule never '{at: 2026-11-20T10:00}'
	run --separate-stderr "$ORDEAL" next exp --from 2026-11-21 --for 2d
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $stderr == *"exp/bad.yaml:6:23: cron: hour: 25 is not within 0 to 23"* ]]
	[[ $stderr == *"exp/where.yaml:6:40: timezone: there is no time zone 'Europe/Berln'"* ]]
	[[ $stderr == *"exp/never.yaml: nothing within that time; it never runs (again): what it says is over, or in none of its windows"* ]]
}

@test "without the database of time zones only UTC works" {
	schedule here '{cron: "@daily", timezone: Europe/Berlin}'
	TZDIR=$T/nowhere run "$ORDEAL" next exp
	[ "$status" -eq 6 ]
	[[ $output == *"install 'tzdata'"* ]]
	schedule here '{cron: "@daily"}'
	TZDIR=$T/nowhere run "$ORDEAL" next exp --for 1d
	[ "$status" -eq 0 ]
}

@test "wrong options" {
	schedule one '{every: 90m}'
	run "$ORDEAL" next exp --from yesterday
	[ "$status" -eq 2 ]
	[[ $output == *"--from: 'yesterday' is no time"* ]]
	run "$ORDEAL" next exp --for 20y
	[ "$status" -eq 2 ]
	run "$ORDEAL" next exp --for 0s
	[ "$status" -eq 2 ]
	run "$ORDEAL" next exp --count 0
	[ "$status" -eq 2 ]
	run "$ORDEAL" next nowhere.yaml
	[ "$status" -eq 2 ]
	run --separate-stderr "$ORDEAL" next exp --from 2026-11-21 --count 3
	[ "${#lines[@]}" -eq 3 ]
	[[ $stderr == *"the first 3 are shown"* ]]
}
