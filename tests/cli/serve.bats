#!/usr/bin/env bats
# The daemon that runs experiments by their schedules.
bats_require_minimum_version 1.5.0
load support
setup() {
	support_setup
	cd "$T"
	mkdir exp
	STATE=$XDG_STATE_HOME/ordeal/serve RUNS=$XDG_STATE_HOME/ordeal/runs
}
teardown() { support_teardown; }

# experiment NAME SCHEDULE [FOR]: in exp/NAME.yaml, put there in one step.
experiment() {
	cat >"$T/new" <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: $1, labels: {team: tests}}
		spec:
		  hypothesis: nothing happens
		  schedule: $2
		  probes: [{name: here, exec: {command: [/bin/true]}, every: 50ms, timeout: 1s}]
		  faults: [{name: none, noop: {}, target: {host: true}, for: ${3:-100ms}}]
		  recovery: 100ms
		  limits: {targets: 1, duration: 100s}
	EOF
	mv "$T/new" "exp/$1.yaml"
}
never='{at: "2199-01-01T00:00Z"}'
each_second='{cron: "* * * * * *"}'

serve() { start "$ORDEAL" serve exp "$@"; daemon=$pid; within 10 said "schedules in exp"; }
said() { grep -qF -- "$*" "$T/err"; }
journal() { cut -c10- "$STATE/journal" | jq -c "$@"; }
stop() { kill -TERM "$daemon"; ended_with 0 "$daemon"; }
wrote() { grep -q "\"c\":\"$1\"" "$STATE/journal"; }
runs() { find "$RUNS" -mindepth 1 -maxdepth 1 -type d | wc -l; }
ran() { [ "$(journal 'select(.c == "end" and .last.exit == 0)' | wc -l)" -ge "$1" ]; }

@test "it runs what is due, and writes down each step before it is taken" {
	experiment beat "$each_second"
	serve
	within 20 ran 1
	stop
	run --separate-stderr "$ORDEAL" serve --help
	[ "$status" -eq 0 ]
	# The claim is written before the run's instant, and names it.
	[ "$(journal -s '[.[] | select(.c == "claim")][0] | .r == "schedule" and .p == .a and .p % 1000000000 == 0')" = true ]
	[ "$(journal -rs '[.[] | select(.k == 1) | .c] | join(" ")')" = "claim begin run end" ]
	# It waited for its instant, and is known before it begins.
	[ "$(journal -s '[.[] | select(.c == "begin")][0] | .pid > 0 and .st > 0')" = true ]
	# The run's own timeline says who asked for it.
	id=$(journal -r 'select(.c == "head").id')
	dir=$(journal -rs '[.[] | select(.c == "run")][0].dir')
	[ "$(head -1 "$dir/run.jsonl" | jq -r '.argv | join(" ")')" = "run --json --output $RUNS --dispatch $id/d1 --await 3 --folder exp -" ]
	grep -q 'begun (schedule, d1)' "$T/err"
	grep -q 'beat: passed' "$T/err"
}

@test "a file is taken over whole; a broken one keeps the last good version, and says where" {
	experiment one "$never"
	serve
	experiment two "$never"
	within 5 said "two.yaml: two taken on"
	sed -i 's/^  probes:/  probs:/' exp/one.yaml
	within 5 said "one.yaml:7:3: "
	grep "one.yaml:7:3: " "$T/err" | grep -q "the last good version stays"
	experiment one '{every: 100s}'
	within 5 said "one.yaml: mended"
	within 5 said "one.yaml: one changed: every 100 s"
	# Of two of one name the first stays.
	cp exp/two.yaml exp/zwei.yaml
	within 5 said "zwei.yaml: the name 'two' is that of two.yaml, too"
	rm exp/two.yaml
	within 5 said "zwei.yaml: two taken on"
	rm exp/zwei.yaml
	within 5 said "two: taken off"
	stop
}

@test "a volume whose links are replaced all at once, as Kubernetes does" {
	mkdir exp/..first exp/..second
	experiment one "$never"
	mv exp/one.yaml exp/..first/
	experiment one '{every: 100s}'
	mv exp/one.yaml exp/..second/
	ln -s ..first exp/..data
	ln -s ..data/one.yaml exp/one.yaml
	serve
	ln -s ..second exp/..next
	mv -T exp/..next exp/..data
	within 5 said "one.yaml: one changed: every 100 s"
	# And a whole folder in the place of another.
	mkdir later
	cp exp/..first/one.yaml later/
	mv exp before
	mv later exp
	within 5 said "one.yaml: one changed: at 1 time"
	stop
}

@test "a run in progress is not changed; SIGTERM aborts and reverts it" {
	experiment long "$each_second" 90s
	serve
	within 10 wrote run
	experiment long "$never" 50s
	within 5 said "long.yaml: long changed"
	dir=$(journal -rs '[.[] | select(.c == "run")][0].dir')
	[ "$(head -1 "$dir/run.jsonl" | jq '.plan.faults[0].for_ns')" = 90000000000 ]
	within 10 grep -q '"state":"injected"' "$dir/run.jsonl"
	stop
	grep -q '"e":"abort".*"signal"' "$dir/run.jsonl"
	grep -q '"state":"reverted"' "$dir/run.jsonl"
	[ "$(journal -s '[.[] | select(.c == "end" and .k == 1)][0].last.exit')" = 3 ]
}

@test "killed in the middle of a run: reverted, told as interrupted, not run again" {
	experiment long "$each_second" 90s
	serve
	within 10 wrote run
	dir=$(journal -rs '[.[] | select(.c == "run")][0].dir')
	within 10 grep -q '"state":"injected"' "$dir/run.jsonl"
	experiment long "$never"
	within 5 said "long.yaml: long changed"
	kill -KILL "$daemon"
	ended_with 137 "$daemon"
	serve
	said "long: interrupted (d1) $dir"
	grep -q '"state":"reverted"' "$dir/run.jsonl"
	[ "$(journal 'select(.c == "claim" and .k == 1)')" = "" ]
	[ "$(journal -r 'select(.c == "seen").last.verdict')" = interrupted ]
	# The history has it, beside what its timeline came to.
	"$ORDEAL" history --json | jq -e --arg run "${dir##*/}" '.runs[] | select(.run == $run or .folder == $run)'
	run "$ORDEAL" status
	[[ $output == *"no lease"* ]]
	stop
}

@test "ordeal halt ends what runs and keeps all else from beginning, until ordeal resume" {
	experiment long "$each_second" 90s
	serve
	within 10 wrote run
	dir=$(journal -rs '[.[] | select(.c == "run")][0].dir')
	within 10 grep -q '"state":"injected"' "$dir/run.jsonl"
	"$ORDEAL" halt
	grep -q '"state":"reverted"' "$dir/run.jsonl"
	within 5 said "halted by ordeal halt"
	within 5 said "long: not run (halted)"
	stop
	serve
	said "all is halted"
	sleep 1.5
	[ "$(runs)" -eq 1 ]
	"$ORDEAL" resume
	within 5 said "resumed by ordeal resume"
	within 10 wrote begin
	stop
}

@test "two of one target: the second waits, and says for what; both that share do not" {
	experiment first "$each_second" 3s
	experiment second "$each_second" 3s
	serve
	within 10 said "waits: first holds host" || within 5 said "waits: second holds host"
	[ "$(grep -c ': begun' "$T/err")" -eq 1 ]
	stop
	sed -i 's/^  limits:/  shareTargets: true\n  limits:/' exp/*.yaml
	serve
	within 10 said "first: begun"
	within 10 said "second: begun"
	run ! grep -q "waits: first" "$T/err"
	stop
}

@test "replace: the old run is aborted and taken back, then the new one begins" {
	experiment long '{cron: "* * * * * *", concurrency: replace}' 90s
	serve
	within 20 said "long: begun (schedule, d2)"
	experiment long "$never"
	within 5 said "long.yaml: long changed"
	# Never two at once: what is begun twice has ended in between.
	[ "$(grep -oE 'long: (begun \(schedule, d[12]|aborted: .*exit 3)' "$T/err" | head -3 | cut -c7-9 | tr '\n' ' ')" = "beg abo beg " ]
	dir=$(journal -rs '[.[] | select(.c == "run")][0].dir')
	grep -q '"e":"abort"' "$dir/run.jsonl"
	stop
}

# monkey SCHEDULE ONEOF: a Schedule in exp/monkey.yaml.
monkey() {
	cat >"$T/new" <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Schedule
		metadata: {name: monkey}
		spec:
		  schedule: $1
		  oneOf: $2
	EOF
	mv "$T/new" exp/monkey.yaml
}

@test "one of several: what was told beforehand is what runs; what is not there is said" {
	experiment one "$never"
	experiment two "$never"
	monkey '{cron: "* * * * * *", concurrency: queue}' '[one, two.yaml]'
	serve
	said "monkey.yaml: monkey taken on: cron * * * * * *, UTC; next"
	within 20 ran 2
	stop
	# By its planned instant: as `ordeal next` draws it.
	journal 'select(.c == "claim" and .n == "monkey") | {k, p}' >claims
	n=0
	while read -r dir; do
		key=$(journal -r --arg d "$dir" 'select(.c == "run" and .dir == $d).k')
		at=$(jq -r --argjson k "$key" 'select(.k == $k).p / 1000000000 | todate' claims)
		[ "$("$ORDEAL" next exp/monkey.yaml --from "$at" --for 1s --json | jq -r '.[0].chosen')" = "$(head -1 "$dir/run.jsonl" | jq -r .plan.name)" ]
		n=$((n + 1))
	done < <(journal -r 'select(.c == "run").dir')
	[ "$n" -ge 2 ]
	monkey "$never" '[one, gone]'
	serve
	said "monkey.yaml:6:16: oneOf: there is no experiment 'gone' in this folder"
	experiment gone "$never"
	within 5 said "monkey.yaml: mended"
	rm exp/one.yaml
	within 5 said "monkey.yaml:6:11: oneOf: there is no experiment 'one' in this folder (the last good version stays)"
	stop
}

@test "one daemon a state folder; what is no folder is refused; --check looks and exits" {
	experiment one "$never"
	serve
	run "$ORDEAL" serve exp
	[ "$status" -eq 2 ]
	[[ $output == *"another \`ordeal serve\` has the state folder '$STATE'"* ]]
	stop
	run "$ORDEAL" serve nowhere
	[ "$status" -eq 2 ]
	run "$ORDEAL" serve exp/one.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"it takes a folder of experiments"* ]]
	run "$ORDEAL" serve --check exp
	[ "$status" -eq 0 ]
	[[ $output == *"one.yaml: one taken on: at 1 time, UTC; next 2199-01-01T00:00:00.000Z"* ]]
	echo 'kind: [' >exp/bad.yaml
	run "$ORDEAL" serve --check exp
	[ "$status" -eq 2 ]
	[[ $output == *"bad.yaml:"* ]]
	run "$ORDEAL" serve exp --max-runs 0
	[ "$status" -eq 2 ]
}

@test "a torn line and a damaged one cost no other" {
	experiment one "$never"
	experiment two "$never"
	serve
	stop
	sed -i 's/"n":"two"/"n":"tow"/' "$STATE/journal"
	printf '%s' '0000 {"c":"cla' >>"$STATE/journal"
	serve
	said "1 lines of the journal are damaged"
	[ "$(journal -r 'select(.c == "seen").n' | sort | tr '\n' ' ')" = "one two " ]
	stop
}

@test "who must allow its runs is named to it, and read before the first" {
	printf 'apiVersion: ordeal.dev/v1\nkind: Rules\nmetadata: {name: closed}\ndefault: deny\n' >closed.yaml
	experiment one "$each_second"
	run "$ORDEAL" serve exp --policy nothing.yaml
	[ "$status" -eq 2 ]
	[[ $output == *"nothing.yaml"* ]]
	serve --policy closed.yaml
	within 20 said "one: it did not run (exit 2): "
	grep -q "closed" "$T/err"
	stop
	[ "$(runs)" -eq 0 ]
}
