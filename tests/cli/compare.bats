#!/usr/bin/env bats
# Baselines, tags, comparisons and gates over stored runs.
load support
setup() {
	support_setup
	cd "$T"
	runs=$T/state/ordeal/runs
	mkdir -p "$runs"
}
teardown() { support_teardown; }

# stored ID MS...: a run below $T/state.
stored() { "$SOURCE_DIR/tests/cli/stored_run.py" "$runs" "$@"; }

base() { stored 20261101T100000Z-orders-aaaaaa 1000 1100 1200 1300 1050; }
worse() { stored 20261102T100000Z-orders-bbbbbb 3000 3100 never 3300 never; }
same() { stored 20261103T100000Z-orders-cccccc 1010 1090 1190 1310 1060; }

@test "worse is exit 1, with ratio, interval, n, who never did, and p" {
	base
	worse
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261102T100000Z-orders-bbbbbb
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"recovery by itself (ttr_self): worse"* ]]
	[[ $output == *"n = 5, 2 never"* ]]
	[[ $output == *"no end]"* ]]
	[[ $output == *"log-rank, exact by permutation, n = 5 + 5"* ]]
	[[ ${lines[-1]} == "worse: "* ]]
	run "$ORDEAL" compare 20261102T100000Z-orders-bbbbbb 20261101T100000Z-orders-aaaaaa
	[ "$status" -eq 0 ]
	[[ $output == *"(ttr_self): better"* ]]
	"$ORDEAL" compare 20261101T100000Z-orders-aaaaaa "$runs/20261102T100000Z-orders-bbbbbb" --json >out || [ $? -eq 1 ]
	jq -e '.gate == "fail" and (.figures[0] | .figure == "ttr_self" and .candidate.never == 2 and .p < 0.01 and .ratio_hi == null)' out
}

@test "a gate passes what is shown not to be worse, and is inconclusive where it is not shown" {
	base
	same
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc --margin 50% --gate
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"inconclusive, but not worse by more than 50%"* ]]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc --margin 10%
	[ "$status" -eq 0 ]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc --margin 10% --gate
	[ "$status" -eq 5 ]
	[[ $output == *"need >= "* ]]
	stored 20261104T100000Z-orders-dddddd 1000 1100
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261104T100000Z-orders-dddddd --gate
	[ "$status" -eq 5 ]
	[[ $output == *"need >= "*" of the candidate beside this baseline, or >= "*" of each, to tell any difference"* ]]
}

@test "groups: several candidates, several baselines, and no guess which is which" {
	base
	same
	stored 20261104T100000Z-orders-dddddd 1000 1100 1150
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc 20261104T100000Z-orders-dddddd
	[ "$status" -eq 2 ]
	[[ $output == *"which are the baseline?"* ]]
	run "$ORDEAL" compare 20261103T100000Z-orders-cccccc 20261104T100000Z-orders-dddddd --against 20261101T100000Z-orders-aaaaaa
	[ "$status" -eq 0 ]
	[[ $output == *"n = 5 + 8"* ]]
	run "$ORDEAL" compare 20261103T100000Z-orders-cccccc 20261103T100000Z-orders-cccccc -a 20261101T100000Z-orders-aaaaaa
	[ "$status" -eq 2 ]
	[[ $output == *"is given twice"* ]]
	run "$ORDEAL" compare 20261104T100000Z-orders-dddddd -a 20261101T100000Z-orders-aaaaaa -a 20261103T100000Z-orders-cccccc --figure ttr --format md
	[ "$status" -eq 0 ]
	[[ $output == *"n = 10"*"n = 3"* ]]
	[[ $output != *"| impact |"* ]]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc --figure mttr
	[ "$status" -eq 2 ]
	[[ $output == *"'mttr' is no figure"* ]]
}

@test "runs of different plans are refused, unless it is forced" {
	base
	stored 20261105T100000Z-orders-eeeeee 1000 1100 1200 'faults=[{"name":"slow","fault":"net.delay","class":"kernel","args":{"delay_ns":400000000},"target":{"kind":"process","text":"orders","count":1},"at_ns":0,"for_ns":5000000000}]'
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261105T100000Z-orders-eeeeee
	[ "$status" -eq 2 ]
	[[ $output == *"faults[slow].args.delay_ns is 200000000 and 400000000"* ]]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261105T100000Z-orders-eeeeee --force
	[ "$status" -eq 0 ]
	[[ $output == *"FORCED: the plans differ"* ]]
	stored 20261106T100000Z-orders-ffffff 1000 1100 1200 'name="renamed"' 'seed=99' 'labels={"team":"a"}'
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261106T100000Z-orders-ffffff
	[ "$status" -eq 0 ]
}

@test "a run against itself, and options that have no say, are refused" {
	base
	same
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261101T100000Z-orders-aaaaaa --gate
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"the run 20261101T100000Z-orders-aaaaaa is baseline and candidate at once"* ]]
	"$ORDEAL" baseline 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc >both.json
	run "$ORDEAL" compare both.json 20261103T100000Z-orders-cccccc
	[ "$status" -eq 2 ]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261101T100000Z-orders-aaaaaa --force
	[ "$status" -eq 0 ]
	for option in "--p1 0.2" "--p2 0.2" "--beta 0.2" "--objective x"; do
		# shellcheck disable=SC2086 # an option and its value
		run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc $option
		[ "$status" -eq 2 ]
		[[ $output == *"${option%% *} is of --sequential"* ]]
	done
	for option in "--margin 5%" "--figure ttr" "--seed 2" "--against $runs/20261103T100000Z-orders-cccccc"; do
		# shellcheck disable=SC2086 # an option and its value
		run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa $option
		[ "$status" -eq 2 ]
		[[ $output == *"--sequential judges runs by themselves: it takes no ${option%% *}"* ]]
	done
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc --figure ''
	[ "$status" -eq 2 ]
}

@test "what a baseline file says does not reach the terminal as it is" {
	base
	same
	"$ORDEAL" baseline 20261101T100000Z-orders-aaaaaa >base.json
	sed 's/"impact":\[/"ttd:\\u001b[31mred":[/; s/"run":"20261101/"run":"\\u001b[31m20261101/' base.json >forged.json
	run "$ORDEAL" compare forged.json 20261103T100000Z-orders-cccccc
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"red)"* ]]
	[[ $output != *$'\e'* ]]
}

@test "what was not measured is left out and counted; warm-up too" {
	base
	stored 20261107T100000Z-orders-999999 2000 1100 1200 aborted
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261107T100000Z-orders-999999
	echo "$output"
	[[ $output == *"20261107T100000Z-orders-999999: 3 of 4 repetitions measured (left out: 1 aborted)"* ]]
	[[ $output == *"n = 5 + 3"* ]]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261107T100000Z-orders-999999 --warm-up 1
	[[ $output == *"the first 1 left out"* ]]
	[[ $output == *"n = 4 + 2"* ]]
}

@test "a baseline file says the same as its runs, and so does a report.json" {
	base
	worse
	same
	cd "$runs"
	"$ORDEAL" baseline 20261101T100000Z-orders-aaaaaa 20261103T100000Z-orders-cccccc >base.json
	jq -e '.baseline == 1 and (.runs | length) == 2 and (.figures.ttr_self | length) == 10' base.json
	"$ORDEAL" baseline base.json | cmp - base.json
	"$ORDEAL" compare base.json 20261102T100000Z-orders-bbbbbb --json >one || [ $? -eq 1 ]
	"$ORDEAL" compare 20261102T100000Z-orders-bbbbbb -a 20261101T100000Z-orders-aaaaaa -a 20261103T100000Z-orders-cccccc --json >two || [ $? -eq 1 ]
	cmp one two
	"$ORDEAL" report 20261101T100000Z-orders-aaaaaa --format json
	"$ORDEAL" compare 20261101T100000Z-orders-aaaaaa/report.json 20261102T100000Z-orders-bbbbbb --json >one || [ $? -eq 1 ]
	"$ORDEAL" compare 20261101T100000Z-orders-aaaaaa 20261102T100000Z-orders-bbbbbb --json >two || [ $? -eq 1 ]
	cmp one two
	sed 's/"delay_ns":200000000/"delay_ns":1/' base.json >forged.json
	run "$ORDEAL" compare forged.json base.json
	[ "$status" -eq 2 ]
	[[ $output == *"plan_digest"* ]]
	echo '{"schema":2}' >other.json
	run "$ORDEAL" compare base.json other.json
	[ "$status" -eq 2 ]
	run "$ORDEAL" compare base.json no-such
	[ "$status" -eq 2 ]
}

@test "tags: given, refused, moved, listed, taken away" {
	base
	same
	"$ORDEAL" tag 20261101T100000Z-orders-aaaaaa main
	[ "$(readlink "$runs/tags/main")" = ../20261101T100000Z-orders-aaaaaa ]
	"$ORDEAL" tag 20261101T100000Z-orders-aaaaaa main
	run "$ORDEAL" tag 20261103T100000Z-orders-cccccc main
	[ "$status" -eq 2 ]
	[[ $output == *"the tag 'main' is 20261101T100000Z-orders-aaaaaa; --move gives it to another"* ]]
	"$ORDEAL" tag 20261103T100000Z-orders-cccccc main --move
	run "$ORDEAL" tag --list
	[[ $output == "main "*"20261103T100000Z-orders-cccccc" ]]
	"$ORDEAL" tag --list --json | jq -e '.main | endswith("cccccc")'
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa main --margin 50% --gate
	[ "$status" -eq 0 ]
	run "$ORDEAL" report main --format json --print
	[ "$status" -eq 0 ]
	for name in latest .. a/b -x ''; do
		run "$ORDEAL" tag -- main "$name"
		echo "$name: $output"
		[ "$status" -eq 2 ]
	done
	# One that broke off before its first line has nothing to compare with.
	mkdir "$runs/broken-off"
	: >"$runs/broken-off/run.jsonl"
	run "$ORDEAL" tag broken-off other
	[ "$status" -eq 2 ]
	[[ $output == *"the timeline "*"/broken-off/run.jsonl' is empty"* ]]
	[ ! -L "$runs/tags/other" ]
	"$ORDEAL" tag --remove main
	run "$ORDEAL" tag --remove main
	[ "$status" -eq 2 ]
	run "$ORDEAL" compare 20261101T100000Z-orders-aaaaaa main
	[ "$status" -eq 2 ]
	[ -z "$("$ORDEAL" tag --list)" ]
}

@test "--sequential: accepted, rejected, go on" {
	base
	worse
	run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"accepted where the misses <= -0.939 + 0.040 n, rejected where they >= 1.205 + 0.040 n"* ]]
	[[ $output == *"go on"*"accepted after 19 more without a miss"* ]]
	run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa --gate
	[ "$status" -eq 5 ]
	run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa 20261102T100000Z-orders-bbbbbb
	[ "$status" -eq 1 ]
	[[ $output == *"rejected"*"decided at repetition 5 of run 2"* ]]
	run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa --p1 0.2 --p2 0.5 --alpha 0.1 --beta 0.2 --gate
	[ "$status" -eq 0 ]
	[[ $output == *": accepted"* ]]
	run "$ORDEAL" compare --sequential 20261101T100000Z-orders-aaaaaa --p1 0.5 --p2 0.2
	[ "$status" -eq 2 ]
}
