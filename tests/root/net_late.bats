# An engine that is late says so, and says what it took of the CPU: whole runs, in a namespace of the test's own.

load net

setup() { net_setup && whole_runs; }
teardown() { net_teardown; }

# late FAULT: a run of two seconds. Its figure late_p99_ns goes to $dir/late.
late() {
	cat >"$dir/run.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: late}
spec:
  hypothesis: The engine is as exact as it says.
  probes:
    - {name: there, every: 100ms, timeout: 2s, exec: {command: [/bin/true]}}
  steadyState: [there.ok_ratio >= 0.5 over 400ms]
  faults:
    - {name: slow, net.delay: $1, target: {netns: $A}, for: 2s}
  objectives: [recover(after_rollback) within 2s hold 400ms]
  recovery: 3s
  limits: {targets: 1, duration: 3s}
END
	rm -rf "$dir/out"
	in_a "$ordeal" run "$dir/run.yaml" -o "$dir/out" --format json,md,html --quiet >"$dir/said" 2>&1 8>&- 9>&- 3>&- &
	started+=($!)
	for _ in $(seq 500); do grep -qs '"injected"' "$dir/out"/*/run.jsonl && break; sleep .01; done
	# From now on the engine is on one CPU, and before whatever else the machine does there.
	for p in $(ip netns pids "$A"); do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = ordeal-injector ] || continue
		taskset -cp "$cpu" "$p" >/dev/null
		chrt -f -p 70 "$p"
	done
	wait "${started[-1]}" || {
		cat "$dir/said"
		return 1
	}
	jq '[.. | .late_p99_ns? | numbers] | max' "$dir/out/latest/report.json" >"$dir/late"
	echo "# late_p99_ns $(cat "$dir/late")" >&3
}

warned() { grep -q 'after it was due, beyond the tolerance of 15' "$dir/out/latest/report.$1"; }

@test "who takes the engine's CPU makes it late, and the run says so; left alone it is in time, and the run says nothing" {
	chrt -f 90 true 2>/dev/null || skip "a realtime priority is not given here"
	[ "$(nproc)" -gt 1 ] || skip "one CPU: whoever takes it takes the test's own"
	cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
	background "$dir/four" in_a ping -i .01 10.77.0.2
	background "$dir/six" in_a ping -i .01 fd77::2
	# Others may be realtime for a while, too.
	for _ in 1 2 3; do
		late '{delay: 30ms, tolerance: 15ms, to: ["10.77.0.2", "fd77::2"]}'
		[ "$(cat "$dir/late")" -gt 15000000 ] || break
	done
	between 0 15000000 "$(cat "$dir/late")"
	for format in md html; do run warned $format && [ "$status" != 0 ]; done
	# 60 of each 80 ms are somebody else's.
	background "$dir/thief" chrt -f 90 taskset -c "$cpu" python3 -c '
import time
print("there", flush=True)
end = time.monotonic() + 30
while time.monotonic() < end:
    turn = time.monotonic() + .06
    while time.monotonic() < turn:
        pass
    time.sleep(.02)'
	late '{delay: 30ms, tolerance: 15ms, to: ["10.77.0.2", "fd77::2"]}'
	between 15000001 1000000000 "$(cat "$dir/late")"
	for format in md html; do warned $format; done
	jq -e '[.warnings[]? | tostring | select(test("beyond the tolerance"))] | length == 1' "$dir/out/latest/report.json"
}

# used PID: its CPU time so far, ns, as the kernel counts it (proc(5), hundredths of a second).
used() { awk -v hz="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); printf "%d", ($12 + $13) / hz * 1e9}' "/proc/$1/stat"; }

@test "the engine's CPU time is what the kernel counts: idle, busy, spinning" {
	for args in '"to":[":7009/udp"]' '"to":[":7001/udp"]' '"to":[":7001/udp"],"spin":100000'; do
		for host in 10.77.0.2 fd77::2; do
			ask net.delay "{\"delay\":5000000,\"device\":\"va\",$args}"
			began=$(used "$holder")
			peer_a flood $host 7001 4000 250
			before=$(used "$holder")
			revert
			# The end itself takes some of it, and hundredths were rounded down.
			echo "# $args $host: $began, $before, told $(figure engine_cpu_ns)" >&3
			between $((before - 10000000)) $((before + 60000000)) "$(figure engine_cpu_ns)"
			case $args in
			*spin*) between 150000000 1200000000 $((before - began)) ;;
			*7009*) between 0 100000000 $((before - began)) ;;
			*) between 20000000 900000000 $((before - began)) ;;
			esac
		done
	done
}

# The kernel stops who is realtime for 50 ms of each second in which it takes 95 % of a CPU.
@test "realtime is given up where it takes nine tenths of a CPU, and kept where it does not" {
	chrt -f 50 true 2>/dev/null || skip "a realtime priority is not given here"
	[ "$(nproc)" -gt 1 ] || skip "one CPU: realtime is not asked for"
	# Each packet costs the engine twice what it costs its sender.
	much='{"delay":2000000,"jitter":1000000,"duplicate":1000000,"spin":100000,"realtime":1,"device":"va"}'
	ask net.impair "$much"
	in_a ping -c 12 -i .1 -q 10.77.0.2
	chrt -p "$holder" | grep -q SCHED_FIFO
	revert
	[ -z "$(figure realtime_given_up)" ]

	ask net.impair "$much"
	chrt -p "$holder" | grep -q SCHED_FIFO
	taskset -acp 1 "$holder" >/dev/null
	background "$dir/flood" sh -c "echo; exec taskset -c 0 ip netns exec $A python3 $SOURCE_DIR/tests/root/net_peer.py flood 10.77.0.2 7001 2000000 0"
	for _ in $(seq 100); do chrt -p "$holder" | grep -q SCHED_OTHER && break; sleep .1; done
	policy=$(chrt -p "$holder")
	kill "${started[-1]}"
	revert
	[ "$(figure realtime_given_up)" = 1 ] || skip "the engine did not get nine tenths of a CPU here"
	[[ $policy == *SCHED_OTHER* ]]
}
