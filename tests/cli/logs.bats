#!/usr/bin/env bats
# Logs as channels: lines that match are told with their instant, through rotation, truncation, floods and refusals.
load support
setup() {
	support_setup
	cd "$T"
	log=$T/orders.log
	# Held until a test has seen what it looks for.
	experiment logged | sed 's/for: 500ms/for: 30s/; s/duration: 1s/duration: 31s/' >logged.yaml
	cat >>logged.yaml <<END
  detection:
    logs: [{name: orders, file: $log, match: 'failing over to (a|b)'}]
  recovery: 1s
END
	sed -i 's/^  objectives: .*/  objectives: [detect(log:orders) within 3s]/' logged.yaml
}
teardown() { support_teardown; }

timeline() { cat "$T/state/ordeal/runs/latest/run.jsonl"; }
reached() { grep -q "\"e\":\"phase\",\"rep\":1,\"phase\":\"$1\"" "$T/state/ordeal/runs/latest/run.jsonl"; }
matches() { grep -c '"channel":"log:orders","state":true' "$T/state/ordeal/runs/latest/run.jsonl" || :; }
has_note() { timeline | grep '"e":"note"' | grep -qF "$1"; }
matched() { [ "$(matches)" -ge "$1" ]; }
begin() {
	start "$ORDEAL" run logged.yaml --quiet "$@"
	within 60 reached hold
}
# lines JQ: of the channel's lines
lines() { timeline | jq -es "map(select(.e == \"channel\" and .channel == \"log:orders\")) | $1"; }

@test "a line that matches is a channel line, and lines of before the run are none" {
	printf 'failing over to a\nhalf a line: failing ' >"$log"
	begin
	printf 'over to b\n' >>"$log" # it began before the run
	printf 'nothing\n' >>"$log"
	printf 'node 7: failing over to b, \033[31mat last\033[0m \xff\n' >>"$log"
	within 20 matched 1
	interrupted "$pid"
	[ "$(matches)" -eq 1 ]
	lines '.[0].state == false and .[1].state == false and .[2].state == true'
	lines '.[2] | .lo_t < .hi_t and .hi_t <= .t and .hi_t - .lo_t < 1e9 and .source == "log" and .rep == 1'
	lines '.[2].detail == {"text": "node 7: failing over to b,  [31mat last [0m ?", "untrusted": true}'
	timeline | jq -es 'map(select(.e == "fault" and .state == "requested"))[0].t as $t |
		map(select(.e == "channel"))[1].hi_t <= $t and map(select(.e == "channel"))[2].lo_t >= $t'
}

@test "what is said as soon as the fault is there was said after its request" {
	: >"$log"
	start "$ORDEAL" run logged.yaml --quiet
	# Within a millisecond: no other look at the log comes between.
	python3 - "$T/state/ordeal/runs/latest/run.jsonl" "$log" <<'END'
import sys, time
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        if b'"phase":"hold"' in open(sys.argv[1], "rb").read():
            break
    except FileNotFoundError:
        pass
    time.sleep(0.001)
open(sys.argv[2], "a").write("failing over to a\n")
END
	within 20 matched 1
	interrupted "$pid"
	timeline | jq -es 'map(select(.e == "fault" and .state == "requested"))[0].t as $t |
		map(select(.e == "channel" and .state))[0].lo_t >= $t'
}

@test "rotation, truncation, and a file that appears later" {
	begin # there is no file yet: that is no refusal
	lines 'all(.state != null)'
	echo 'failing over to a, first' >"$log"
	within 20 matched 1
	mv "$log" "$log.1"
	echo 'failing over to a, late in the old one' >>"$log.1"
	within 20 matched 2
	echo 'failing over to a, new file' >"$log"
	within 20 matched 3
	echo 'failing over to a, again late in the old one' >>"$log.1"
	within 20 matched 4
	: >"$log"
	sleep 0.1
	echo 'failing over to b' >>"$log"
	within 20 matched 5
	interrupted "$pid"
	lines '[.[] | select(.state) | .detail.text] == ["failing over to a, first", "failing over to a, late in the old one",
		"failing over to a, new file", "failing over to a, again late in the old one", "failing over to b"]'
}

@test "a match of before the injection does not hide the one that counts" {
	start "$ORDEAL" run logged.yaml --quiet --set 'spec.steadyState=[there.ok_ratio >= 0.5 over 3s]' --set 'spec.faults[0].for=1s'
	within 60 reached steady-before
	echo 'failing over to a, early' >"$log"
	within 20 matched 1
	within 60 reached hold
	echo 'failing over to a, noticed' >>"$log"
	ended_with 0 "$pid"
	jq -e '.repetitions[0].detections[] | select(.channel == "log:orders") | .state == "noticed"' "$T/state/ordeal/runs/latest/report.json"
}

@test "a flood of lines blocks nothing, and is told up to a bound" {
	begin
	python3 - "$log" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    for i in range(400):
        f.write("failing over to a\n" * 500 + "x" * 100000 + " failing over to b\n")
END
	within 20 has_note "matched more than 100 times"
	interrupted "$pid"
	[ "$(matches)" -eq 100 ]
	timeline | jq -es 'any(.e == "note" and (.text | contains("log:orders matched more than 100 times")))'
	# The probe went on: none was late.
	timeline | jq -s 'map(select(.e == "sample")) | "\(map(select(.o == "skipped")) | length) of \(length) skipped"'
	timeline | jq -es 'map(select(.e == "sample")) | (map(select(.o == "skipped")) | length) * 5 < length'
}

@test "what cannot be read is unknown, with the reason, and heard again when it can" {
	mkfifo "$log"
	begin
	lines '.[-1].state == null and (.[-1].message | contains("not a regular file"))'
	rm "$log"
	echo 'failing over to a' >"$log"
	within 20 matched 1
	interrupted "$pid"
	lines 'map(.state) == [null, false, true]'
}

@test "a log on a full disk is heard as far as it was written" {
	[ "$(id -u)" -eq 0 ] || skip "root is needed to mount a small disk"
	mkdir disk
	run unshare --mount --propagation private bash -c '
		mount -t tmpfs -o size=64k none disk
		sed "s|file: [^,]*|file: $PWD/disk/orders.log|; s/for: 30s/for: 1500ms/" logged.yaml >full.yaml
		"$ORDEAL" run full.yaml --quiet -o out >said 2>&1 &
		for i in $(seq 200); do grep -qs "\"hold\"" out/latest/run.jsonl && break; sleep 0.1; done
		echo "failing over to a" >disk/orders.log
		yes "failing over to" >>disk/orders.log 2>/dev/null || :
		echo "failing over to b" >>disk/orders.log 2>/dev/null || :
		wait $!'
	echo "$output"
	[ "$status" -eq 0 ]
	jq -es 'map(select(.e == "channel" and .state)) | length == 1' out/latest/run.jsonl
	jq -es '.[-1].cause == "complete"' out/latest/run.jsonl
}

@test "no journal, or no right to read it: unknown, with the reason" {
	sed -i "s|file: [^,]*|unit: orders.service|" logged.yaml
	compgen -G '/*/log/journal/*/system.journal' >/dev/null && skip "this machine has a journal"
	"$ORDEAL" run logged.yaml --quiet --set spec.faults[0].for=500ms || :
	lines '.[0].state == null and (.[0].message | contains("no journal"))'
}
