#!/usr/bin/env bats
# Reports for machines, the summary of a job's step, and --send, as far as no server is needed (tests/formats has the rest).
load support
setup() { support_setup; cd "$T"; experiment quick >quick.yaml; unset GITHUB_STEP_SUMMARY; }
teardown() { support_teardown; }

the_run() { readlink -f "$T/state/ordeal/runs/latest"; }

@test "every format that help names can be written, and no other is there" {
	"$ORDEAL" run --quiet quick.yaml
	[ ! -e "$(the_run)/trace.json" ]
	all=$("$ORDEAL" report latest --format none 2>&1 | sed 's/.*write some of //') || :
	help=$("$ORDEAL" report --help | tr -d ' \n')
	echo "$all"
	[[ $help == *"$all"* ]]
	run "$ORDEAL" report latest --format "$all"
	[ "$status" -eq 0 ]
	for f in report.json report.md report.html junit.xml report.om history.om report.prom trace.json events.json \
		annotations.json; do
		[ -s "$(the_run)/$f" ]
		[[ $output == *"/$f"* ]]
	done
	for f in report.json trace.json events.json annotations.json; do jq -e . "$(the_run)/$f" >/dev/null; done
	tail -n 1 "$(the_run)/report.om" | grep -qx '# EOF'
}

@test "nobody takes it: a warning, and the verdict stands" {
	run "$ORDEAL" run quick.yaml --send otlp=http://127.0.0.1:9 --send-within 200ms
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"warning: otlp: not sent to http://127.0.0.1:9/v1/traces"* ]]
	[[ $output == *passed* ]]
	run "$ORDEAL" report latest --format json --send otlp=http://127.0.0.1:9 --send-within 200ms
	[ "$status" -eq 0 ]
	rm "$(the_run)"/report.*
	run "$ORDEAL" report latest --send otlp=http://127.0.0.1:9 --send-within 200ms
	[ "$status" -eq 6 ]
	[ ! -e "$(the_run)/report.json" ]
}

@test "a wrong --send costs no run, and a token is nowhere to be read" {
	run "$ORDEAL" run quick.yaml --send otlp=localhost:4318
	[ "$status" -eq 2 ]
	[[ $output == *"needs a URL of http or https"* ]]
	run "$ORDEAL" run quick.yaml --send otlp=http://127.0.0.1:9 --token-file none
	[ "$status" -eq 2 ]
	[ ! -e "$T/state/ordeal/runs" ] || [ -z "$(ls "$T/state/ordeal/runs")" ]
	echo hush-hush-hush >token
	run "$ORDEAL" run quick.yaml --send otlp=http://127.0.0.1:9 --token-file token --send-within 100ms
	[ "$status" -eq 0 ]
	[[ $output != *hush* ]]
	run grep -rq hush "$(the_run)"
	[ "$status" -eq 1 ]
}

@test "the summary of a job's step: appended, whole sections, from level three" {
	export GITHUB_STEP_SUMMARY=$T/summary
	echo "before" >"$T/summary"
	"$ORDEAL" run --quiet quick.yaml
	head -n 1 "$T/summary" | grep -qx before
	grep -q '^### quick' "$T/summary"
	grep -q '^#### Objectives' "$T/summary"
	run grep -E '^##? ' "$T/summary"
	[ "$status" -eq 1 ]
	size=$(stat -c %s "$T/summary")
	"$ORDEAL" run --quiet --no-summary quick.yaml
	"$ORDEAL" report latest --print --format md >/dev/null
	[ "$(stat -c %s "$T/summary")" -eq "$size" ]
	"$ORDEAL" report latest >/dev/null
	[ "$(stat -c %s "$T/summary")" -gt "$size" ]
}

@test "a summary that is nearly full loses sections, one that is full gets nothing" {
	export GITHUB_STEP_SUMMARY=$T/summary
	"$ORDEAL" run --quiet --no-summary quick.yaml
	truncate -s $((1016 * 1024 - 1200)) "$T/summary"
	"$ORDEAL" report latest >/dev/null
	[ "$(stat -c %s "$T/summary")" -le $((1024 * 1024)) ]
	tail -c 1200 "$T/summary" | grep -aq 'Left out, since a summary has a limit'
	truncate -s $((1016 * 1024)) "$T/summary"
	run "$ORDEAL" report latest
	[ "$status" -eq 0 ]
	[[ $output == *"warning: the step's summary was not written: it is full"* ]]
	[ "$(stat -c %s "$T/summary")" -eq $((1016 * 1024)) ]
	GITHUB_STEP_SUMMARY=$T/none/summary run "$ORDEAL" report latest
	[ "$status" -eq 0 ]
	[[ $output == *"warning: the step's summary"* ]]
}

@test "a full disk: which report it was, nothing half-written, status 6" {
	[ "$(id -u)" = 0 ] || skip "mounting a small tmpfs takes root"
	mkdir small
	run unshare -m sh -c 'mount -t tmpfs -o size=112k none small && cp "$SOURCE_DIR/tests/golden/runs/hung-web/run.jsonl" small &&
		"$ORDEAL" report small --format json,html; echo "status $?"; ls small; "$ORDEAL" postmortem small -o small; echo "status $?"; ls small'
	echo "$output"
	[[ $output == *"write report.html: No space left on device"*"status 6"* ]]
	[[ $output == *".part': No space left on device"*"status 6"* ]]
	[[ $output == *report.json* ]]
	run grep -E '^(report|2026.*)\.(html|part|html\.part)$' <<<"$output"
	[ "$status" -eq 1 ]
}
