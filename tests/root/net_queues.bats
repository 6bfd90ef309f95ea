# A constant delay with several queues at the TAP, each on a thread of its own.

load net

setup() { net_setup; }
teardown() { net_teardown; }

# received N: by the peer that counts.
received() {
	for _ in $(seq 200); do grep -q received "$dir/count" && break; sleep .05; done
	cat "$dir/count"
	grep -q "received $1 of $1, order kept" "$dir/count"
}

counting() { background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count "$@"; }

@test "several queues carry packets, and each flow keeps its order" {
	for host in 10.77.0.2 fd77::2; do
		counting $host 7001 20 8000
		ask net.delay '{"delay":5000000,"queues":3}'
		peer_a flood $host 7001 8000 20 64 40
		received 8000
		revert
		[ "$(figure queues_used)" = 3 ]
		[ "$(figure matched_packets)" -ge 8000 ]
		[ "$(figure late_p50_ns)" -gt 0 ]
	done
}

@test "as many queues as CPUs, unless something is drawn or taken in turn" {
	cpus=$(nproc)
	[ "$cpus" -gt 1 ] || skip "one CPU: one queue"
	[ "$cpus" -lt 4 ] || cpus=4
	ask net.delay '{"delay":1000000}'
	[ "$(find "/proc/$holder/task" -mindepth 1 -maxdepth 1 | wc -l)" = "$cpus" ]
	peer_a flood 10.77.0.2 7001 500 20 64 40
	revert
	[ "$(figure queues_used)" -ge 2 ]
	for args in '"delay":2000000,"jitter":1000000' '"delay":1000000,"spin":10000' '"delay":1000000,"queues":1' \
		'"delay":1000000,"direction":"ingress"'; do
		ask net.delay "{$args}"
		[ "$(find "/proc/$holder/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
		revert
	done
	# CPUs that the process may use, not those that there are.
	taskset -cp "$(taskset -cp $BASHPID | sed 's/.*: //; s/[-,].*//')" $BASHPID
	ask net.delay '{"delay":1000000}'
	[ "$(find "/proc/$holder/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	revert
}

@test "several queues are refused where packets depend on each other" {
	for more in '"jitter":1000000' '"spin":10000' '"direction":"ingress"'; do
		run ask net.delay "{\"delay\":2000000,\"queues\":2,$more}"
		[ "$status" = 1 ]
		grep -q 'queues: 2 are for a delay' "$dir/events"
	done
	run ask net.loss '{"percent":10000,"queues":2}'
	[ "$status" = 1 ]
	grep -q 'queues: 2 are for a delay' "$dir/events"
}

@test "revert loses nothing that several queues held, and no flow's order" {
	counting 10.77.0.2 7001 20 2000
	ask net.delay '{"delay":1500000000,"queues":3}'
	peer_a flood 10.77.0.2 7001 2000 50 64 40
	taken 2000
	revert
	received 2000
}

@test "streams over several queues are byte for byte the same, each" {
	for port in 7001 7002 7003; do serve_b 10.77.0.2 $port; done
	ask net.delay '{"delay":1000000,"queues":3}'
	for port in 7001 7002 7003; do peer_a push 10.77.0.2 $port 32 >"$dir/push$port" & pids[port]=$!; done
	for port in 7001 7002 7003; do wait "${pids[port]}"; [ "$(cat "$dir/push$port")" = same ]; done
	revert
	[ "$(figure queues_used)" -ge 1 ]
}

@test "the limit is one for all queues" {
	ask net.delay '{"delay":1000000000,"limit":1048576,"queues":3}'
	peer_a flood 10.77.0.2 7001 3000 10 1400 40
	taken 3000
	revert
	between 1000 2900 "$(figure dropped_limit)"
	between 1000000 1200000 "$(figure held_max_bytes)"
}

@test "each thread has the filter and no more than the fault's capability" {
	ask net.delay '{"delay":1000000,"queues":4}'
	[ "$(cat "/proc/$holder/task/"*/status | grep -c '^Seccomp:	2$')" = 4 ]
	[ "$(cat "/proc/$holder/task/"*/status | grep -c '^NoNewPrivs:	1$')" = 4 ]
	[ "$(cat "/proc/$holder/task/"*/status | grep -c '^CapEff:	0000000000001000$')" = 4 ]
	[ "$(cat "/proc/$holder/task/"*/status | grep -c "^Uid:	$(awk '/^Uid/ {print $2}' "/proc/$holder/status")	")" = 4 ]
	revert
}

@test "a thread that hangs ends the lease, which says so, and traffic is direct" {
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":100000000,"queues":2}'
	last=$(find "/proc/$holder/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -1)
	[ "$last" != "$holder" ]
	# Held by ptrace, which stops that one thread alone, until it is killed: its tracer must see it go.
	background "$dir/held" python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
SEIZE, INTERRUPT = 0x4206, 0x4207
tid = int(sys.argv[1])
assert libc.ptrace(SEIZE, tid, None, None) == 0 and libc.ptrace(INTERRUPT, tid, None, None) == 0, ctypes.get_errno()
print("held", flush=True)
WALL = 0x40000000
while os.WIFSTOPPED(os.waitpid(tid, WALL)[1]):
    pass' "$last"
	grep -q held "$dir/held"
	ended 1
	grep -q 'the thread of queue 1 does not answer' "$dir/events"
	between 0 20 "$(peer_a rtt udp 10.77.0.2 7001 5)"
	ip -n "$A" -o link | grep -c ordeal- | grep -qx 0
	in_a nft list tables | grep -c ordeal | grep -qx 0
}
