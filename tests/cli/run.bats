#!/usr/bin/env bats
# Whole runs, on a fault that does nothing: what is printed, kept, reported, and the exit status.
load support
setup() { support_setup; cd "$T"; experiment quick >quick.yaml; }
teardown() { support_teardown; }

# The last run below $T/state.
the_run() { readlink -f "$T/state/ordeal/runs/latest"; }

@test "a run passes, says so, and keeps its timeline and reports" {
	run "$ORDEAL" run quick.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"hold"* ]]
	[[ $output == *passed* ]]
	[[ $output == *"/report.html"* ]]
	for f in run.jsonl report.json report.md report.html junit.xml; do [ -s "$(the_run)/$f" ]; done
	jq -es '.[0].e == "run" and .[-1].e == "end" and .[-1].cause == "complete"' "$(the_run)/run.jsonl"
}

@test "reports are made again from the timeline, byte for byte" {
	"$ORDEAL" run --quiet quick.yaml
	cp -r "$(the_run)" first
	rm "$(the_run)"/report.* "$(the_run)"/junit.xml
	run "$ORDEAL" report latest
	[ "$status" -eq 0 ]
	diff -r first "$(the_run)"
	run "$ORDEAL" report "$(basename "$(the_run)")"
	[ "$status" -eq 0 ]
	run "$ORDEAL" report "$T/first"
	[ "$status" -eq 0 ]
	"$ORDEAL" report latest --format md --print | cmp - "$(the_run)/report.md"
	run "$ORDEAL" report no-such-run
	[ "$status" -eq 2 ]
	run "$ORDEAL" report latest --format pdf
	[ "$status" -eq 2 ]
	[[ $output == *"'pdf' is not a format"* ]]
}

@test "-o and --format choose place and reports" {
	run "$ORDEAL" run quick.yaml -o here --format md,junit --quiet
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 1 ]
	for f in run.jsonl report.md junit.xml; do [ -s "here/latest/$f" ]; done
	[ ! -e here/latest/report.html ]
}

@test "--json prints the timeline and the verdict" {
	"$ORDEAL" run quick.yaml --json >lines
	jq -es '.[0].e == "run" and .[-1].e == "verdict" and .[-1].exit == 0' lines
	head -n -1 lines | cmp - "$(the_run)/run.jsonl"
}

@test "--dry-run changes nothing" {
	run "$ORDEAL" run quick.yaml --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *noop* ]]
	[ ! -e "$T/state/ordeal/runs" ] || [ -z "$(ls "$T/state/ordeal/runs")" ]
}

@test "a mistake in any file, and none is run" {
	sed 's/every:/evry:/' quick.yaml >bad.yaml
	run "$ORDEAL" run quick.yaml bad.yaml
	[ "$status" -eq 2 ]
	[ ! -e "$T/state/ordeal/runs" ] || [ -z "$(ls "$T/state/ordeal/runs")" ]
}

@test "exit status 1: an objective is missed; 4: the steady state did not hold" {
	start_victim
	sed -e "s,/bin/true,/bin/grep\, -q\, sleeping\, /proc/$victim/status," -e 's/noop: {}/proc.kill: {}/' \
		-e "s/host: true/pid: $victim/" -e 's/objectives:/recovery: 3s\n  objectives:/' quick.yaml >missed.yaml
	run "$ORDEAL" run missed.yaml --quiet
	echo "$output"
	[ "$status" -eq 1 ]
	sed 's,/bin/true,/bin/false,' quick.yaml >unsteady.yaml
	run "$ORDEAL" run unsteady.yaml quick.yaml --quiet
	[ "$status" -eq 4 ]
}

@test "Ctrl-C aborts, reverts and says so; what was measured is kept" {
	start_victim
	sed -e 's/noop: {}/proc.pause: {}/' -e "s/host: true/pid: $victim/" -e 's/for: 500ms/for: 20s/' \
		-e 's/duration: 1s/duration: 20s/' quick.yaml >long.yaml
	start "$ORDEAL" run long.yaml
	within 10 state_is "$victim" T
	kill -INT "$pid"
	ended_with 3 "$pid"
	within 2 state_is "$victim" S # it may still be on its way from running to sleeping
	grep -q interrupted out
	jq -es '.[-1].e == "end"' "$(the_run)/run.jsonl"
	[ -s "$(the_run)/report.html" ]
}

@test "the death of ordeal ends the fault" {
	start_victim
	sed -e 's/noop: {}/proc.pause: {}/' -e "s/host: true/pid: $victim/" -e 's/for: 500ms/for: 20s/' \
		-e 's/duration: 1s/duration: 20s/' quick.yaml >long.yaml
	start "$ORDEAL" run long.yaml --quiet
	within 10 state_is "$victim" T
	kill -KILL "$pid"
	within 2 state_is "$victim" S
}

@test "a full disk ends the run with status 6, and the fault with it" {
	[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs takes root"
	start_victim
	sed -e 's/noop: {}/proc.pause: {}/' -e "s/host: true/pid: $victim/" -e 's/for: 500ms/for: 20s/' \
		-e 's/duration: 1s/duration: 20s/' -e 's/every: 100ms/every: 10ms/' quick.yaml >long.yaml
	mkdir small
	run unshare -m sh -c 'mount -t tmpfs -o size=64k none small && exec "$ORDEAL" run long.yaml -o small --quiet'
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"No space left"* ]]
	within 2 state_is "$victim" S
}

@test "on a terminal the view is drawn in place, without colours if NO_COLOR is set" {
	run env TERM=xterm script -qec "$ORDEAL run quick.yaml" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *$'\033['*A* ]]
	[[ $output != *$'\033[32m'* ]]
	run env -u NO_COLOR TERM=xterm script -qec "$ORDEAL run quick.yaml" /dev/null
	[[ $output == *$'\033[32m'* ]]
}

# It reads from descriptor 3.
waits() { [ "$(cut -d' ' -f2 "/proc/$run_pid/syscall")" = 0x3 ]; }

@test "--await: a byte begins the run, the end of the file takes it back, and until then nothing is made" {
	mkfifo gate
	"$ORDEAL" run --quiet --await 3 quick.yaml 3<gate >out 2>err &
	run_pid=$!
	exec 4>gate
	within 10 waits
	[ ! -e "$T/state/ordeal/runs/latest" ]
	before=$(date +%s%N)
	printf x >&4
	wait "$run_pid"
	exec 4>&-
	# Its time counts from there.
	[ "$(head -1 "$(the_run)/run.jsonl" | jq .wall_ns)" -ge "$before" ]
	rm -r "$T/state/ordeal/runs"
	run "$ORDEAL" run --quiet --await 5 quick.yaml 5</dev/null
	[ "$status" -eq 2 ]
	[[ $output == *"taken back before it began"* ]]
	[ ! -e "$T/state/ordeal/runs/latest" ]
	for fd in 0 9 4294967299 x; do
		run "$ORDEAL" run quick.yaml --await "$fd" 9>&-
		[ "$status" -eq 2 ]
		[[ $output == *"--await"* ]]
	done
}

@test "nothing is printed into the timeline where standard descriptors are closed" {
	"$ORDEAL" run quick.yaml >&- 2>&- <&- 3>&- || [ $? -eq 6 ] # the verdict could not be printed
	jq -es '.[-1].cause == "complete"' "$(the_run)/run.jsonl"
	jq -e '.verdict | startswith("passed")' "$(the_run)/report.json"
}

@test "--as keeps a run to whoever ran it, until its report is made again" {
	for bad in "" -x a/b UP; do
		run "$ORDEAL" run --as "$bad" quick.yaml
		[ "$status" -eq 2 ]
		[[ $output == *"--as takes small letters, digits and dashes"* ]]
	done
	[ ! -e state/ordeal/runs ]
	"$ORDEAL" run --quiet --as something quick.yaml
	[[ $(basename "$(the_run)") == *-something-* ]]
	[ "$(stat -c %a "$(the_run)")" = 700 ]
	[ "$("$ORDEAL" history --json | jq '.runs | length')" = 0 ]
	"$ORDEAL" report latest >/dev/null
	[ "$("$ORDEAL" history --json | jq -r '.runs[0].name')" = quick ]
}
