#!/usr/bin/env bats
# Help, lists, and what is said to who mistypes.
load support
setup() { support_setup; }
teardown() { support_teardown; }

@test "version" {
	run "$ORDEAL" version
	[ "$status" -eq 0 ]
	[[ $output =~ ^ordeal\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run "$ORDEAL" --version
	[ "$status" -eq 0 ]
}

@test "help lists every command, and each has help of its own" {
	run "$ORDEAL" help
	[ "$status" -eq 0 ]
	for c in run mark note plan validate init list doctor status halt resume rescue report stats schema version inject help; do
		echo "$c"
		[[ $output == *"  $c "* ]]
	done
	for c in $("$ORDEAL" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v '^$'); do
		run "$ORDEAL" "$c" --help
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == "usage: ordeal $c"* ]]
		run "$ORDEAL" help "$c"
		[ "$status" -eq 0 ]
	done
}

@test "no command is a mistake" {
	run "$ORDEAL"
	[ "$status" -eq 2 ]
	[[ $output == usage:* ]]
}

# usage EXPECTED ARGUMENT...: the exact line, and exit status 2.
wrong() {
	local expected=$1
	shift
	run "$ORDEAL" "$@"
	echo "got: $output"
	[ "$status" -eq 2 ]
	[ "$output" = "ordeal: $expected" ]
}

@test "wrong usage says what would be right" {
	wrong "there is no command 'lst', did you mean 'list'?" lst
	wrong "there is no command 'xyzzyx'; 'ordeal help' lists them" xyzzyx
	wrong "list: unknown option '--jsno', did you mean '--json'?" list --jsno faults
	wrong "list: unknown option '--js', did you mean '--json'?" list --js faults
	wrong "list: unknown option '-x'; --help lists them" list -x faults
	wrong "report: unknown option '--wxyz'; --help lists them" report latest --wxyz
	wrong "help: there is no command 'compre', did you mean 'compare'?" help compre
	wrong "stats: open 'none.csv': No such file or directory" stats none.csv
	wrong "list: option '--json' takes no value" list --json=yes faults
	wrong "list: it needs faults|probes" list
	wrong "list: 'things' cannot be listed; write 'faults' or 'probes'" list things
	wrong "status: what is 'now' for? It takes no operand" status now
	wrong "plan: option '--seed' needs a value: --seed N" plan --seed
	wrong "validate: it needs FILE..." validate
}

@test "wrong injections say what would be right" {
	wrong "inject: the fault comes first: ordeal inject FAULT [--PARAMETER VALUE]... TARGET --for 30s" inject
	wrong "inject: there is no fault 'net.los', did you mean 'net.loss'?; 'ordeal list faults' lists them" \
		inject net.los --host
	wrong "inject: net.loss: unknown option '--persent', did you mean '--percent'?" \
		inject net.loss --persent 3 --host --for 1s
	wrong "inject: noop: no target, and none is assumed: give one of --host, --pid, --process, --listening, --cgroup, --unit, --container, --netns, --pod, --node, --workload, --service, --object" \
		inject noop --for 1s
	wrong "inject: noop: --host and --pid name two targets; give one" inject noop --host --pid 3 --for 1s
	wrong "inject: noop: --for is missing: how long the effect lasts at most, as in --for 30s" inject noop --host
	wrong "inject: noop: --for: 2d is not within 1ms to 1d" inject noop --host --for 2d
	wrong "inject: proc.pause: --count, --target-percent and --all exclude each other" \
		inject proc.pause --process x --count 2 --all --for 1s
	wrong "inject: noop: what is '25' for? Parameters are options: --NAME VALUE" inject noop 25 --host --for 1s
	run "$ORDEAL" inject proc.pause --host --for 1s
	[ "$status" -eq 2 ]
	[[ $output == *"proc.pause does not take --host"* ]]
	run "$ORDEAL" inject net.loss --percent 101 --host --for 1s
	[ "$status" -eq 2 ]
	[[ $output == *percent* ]]
}

@test "the share of targets is --percent where the fault has none of its own" {
	run "$ORDEAL" inject proc.pause --help
	[[ $output == *"--percent PERCENT"* ]]
	[[ $output == *"--target-percent PERCENT"* ]]
	run "$ORDEAL" inject net.loss --help
	[ "$(grep -c -- ' --percent' <<<"$output")" -eq 1 ]
	[[ $output == *"share of the packets"* ]]
}

@test "every fault tells its options when asked, the last one too" {
	"$ORDEAL" list faults --json >"$BATS_TEST_TMPDIR/faults"
	jq -r '.[].name' "$BATS_TEST_TMPDIR/faults" >"$BATS_TEST_TMPDIR/names"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/names")" -gt 20 ]
	while read -r fault; do
		run "$ORDEAL" inject "$fault" --help
		echo "$fault: ${lines[0]}"
		[ "$status" -eq 0 ]
		sed -nE 's/^ +(-., )?--([a-z0-9-]+).*/\2/p' <<<"$output" | sort >"$BATS_TEST_TMPDIR/told"
		jq -r --arg f "$fault" '.[] | select(.name == $f).parameters[].name' "$BATS_TEST_TMPDIR/faults" |
			sed 's/[A-Z]/-\l&/g' | sort | comm -23 - "$BATS_TEST_TMPDIR/told" >"$BATS_TEST_TMPDIR/left"
		[ ! -s "$BATS_TEST_TMPDIR/left" ] || { cat "$BATS_TEST_TMPDIR/left"; false; }
	done <"$BATS_TEST_TMPDIR/names"
}

@test "lists, for people and as JSON" {
	run "$ORDEAL" list faults
	[ "$status" -eq 0 ]
	[[ $output == *net.delay* ]]
	"$ORDEAL" list faults --json | jq -e 'map(.name) | index("noop") != null and index("net.loss") != null'
	"$ORDEAL" list faults --json | jq -e '.[] | select(.name == "net.delay").parameters[] | select(.name == "delay").required'
	# Those that an experiment can have, no more and no less.
	[ "$("$ORDEAL" list probes --json | jq -c 'map(.name)')" = \
		"$("$ORDEAL" schema | jq -c '.properties.spec.properties.probes.items.oneOf | map(.required[0])')" ]
}

@test "a full disk behind standard output is not a success" {
	run bash -c '"$ORDEAL" list faults >/dev/full'
	[ "$status" -eq 6 ]
	[[ $output == *"No space left on device"* ]]
}

@test "doctor says for each fault whether it can run, and why not" {
	run "$ORDEAL" doctor
	[ "$status" -eq 0 ]
	"$ORDEAL" doctor --json >"$T/doctor.json"
	[ "$(jq '.faults | length' "$T/doctor.json")" -eq "$("$ORDEAL" list faults --json | jq length)" ]
	jq -e '.faults[] | select(.fault == "noop").available' "$T/doctor.json"
	jq -e 'all(.faults[]; .available or (.reason | length) > 10)' "$T/doctor.json"
	jq -e '.environment.kernel | length > 0' "$T/doctor.json"
}
