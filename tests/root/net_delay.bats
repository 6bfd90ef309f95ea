# net.delay as the packets see them; each pitfall of the engines is a test.

load net

setup() { net_setup; }
teardown() { net_teardown; }

@test "delay: egress, both families, TCP and UDP" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	ask net.delay '{"delay":30000000}'
	grep -q '"engine":"detour"' "$dir/events"
	for host in 10.77.0.2 fd77::2; do
		between 29.9 36 "$(peer_a rtt tcp $host 7001 10)"
		between 29.9 36 "$(peer_a rtt udp $host 7001 10)"
	done
	revert
	between 0 10 "$(peer_a rtt udp 10.77.0.2 7001 5)"
	[ "$(figure matched_packets)" -ge 40 ]
	[ "$(figure engine_cpu_ns)" -gt 0 ]
}

@test "delay: ingress, both families, by the queue" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	ask net.delay '{"delay":30000000,"direction":"ingress"}'
	grep -q '"engine":"queue"' "$dir/events"
	for host in 10.77.0.2 fd77::2; do
		between 29.9 36 "$(peer_a rtt tcp $host 7001 10)"
		between 29.9 36 "$(peer_a rtt udp $host 7001 10)"
	done
	revert
}

@test "delay: both directions add up" {
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":20000000,"direction":"both"}'
	grep -q '"engine":"detour+queue"' "$dir/events"
	between 39.9 46 "$(peer_a rtt tcp 10.77.0.2 7001 10)"
	revert
}

@test "delay on loopback: no martians, once with a port, twice without, ::1 too" {
	serve_a 127.0.0.1 7001
	serve_a ::1 7002
	ask net.delay '{"delay":20000000,"to":[":7001/tcp",":7002/tcp"]}'
	between 19.9 26 "$(peer_a rtt tcp 127.0.0.1 7001 10)"
	between 19.9 26 "$(peer_a rtt tcp ::1 7002 10)"
	revert
	ask net.delay '{"delay":20000000,"device":"lo"}'
	grep -q 'twice in a round trip' "$dir/events"
	between 39.9 48 "$(peer_a rtt tcp 127.0.0.1 7001 10)"
	revert
}

@test "delay: the holder's death frees queued paths too (bypass), and packets are not lost for long" {
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":200000000,"direction":"ingress"}'
	between 199 260 "$(peer_a rtt udp 10.77.0.2 7001 2)"
	kill -KILL "$holder"
	sleep .1
	between 0 20 "$(peer_a rtt udp 10.77.0.2 7001 5)"
	[ -z "$(in_a cat /proc/net/netfilter/nfnetlink_queue)" ]
}

@test "somebody deletes the TAP: the lease ends at once and says so" {
	ask net.delay '{"delay":50000000}'
	tap=$(ip -n "$A" -o link | sed -n 's/.*\(ordeal-[0-9a-f]*\):.*/\1/p')
	ip -n "$A" link del "$tap"
	ended 1
	grep -q 'was removed by somebody' "$dir/events"
	grep -q '"cause":"failed","residue":0' "$dir/events"
	in_a ping -c 1 -W 1 10.77.0.2
}

@test "marks: ours is wiped before anyone sees it, a user's own survives outside the filter" {
	ask net.delay '{"delay":5000000,"to":["10.77.0.2:7001/udp"]}'
	in_a nft -f - <<-'END'
		table netdev seen {
			chain out {
				type filter hook egress device "va" priority 100; policy accept;
				udp dport 7001 meta mark 0 counter
				udp dport 7001 meta mark != 0 counter
				udp dport 7002 meta mark 0x1234 counter
			}
		}
		table ip set_mark {
			chain out {
				type route hook output priority mangle; policy accept;
				udp dport 7002 meta mark set 0x1234
			}
		}
	END
	peer_a flood 10.77.0.2 7001 20 1000
	peer_a flood 10.77.0.2 7002 20 1000
	sleep .2
	in_a nft list chain netdev seen out >"$dir/seen"
	cat "$dir/seen"
	grep -q 'dport 7001 meta mark 0x00000000 counter packets 20' "$dir/seen"
	grep -q 'dport 7001 meta mark != 0x00000000 counter packets 0' "$dir/seen"
	grep -q 'dport 7002 meta mark 0x00001234 counter packets 20' "$dir/seen"
	revert
	[ "$(figure matched_packets)" = 20 ]
}

@test "the limit drops what is beyond, and counts it" {
	ask net.delay '{"delay":1000000000,"limit":1048576}'
	peer_a flood 10.77.0.2 7001 3000 10 1400
	revert
	between 1000 2900 "$(figure dropped_limit)"
	between 1000000 1200000 "$(figure held_max_bytes)"
}

@test "a full queue of the device behind the detour stalls nothing" {
	in_a tc qdisc add dev va root tbf rate 5mbit burst 5k limit 10k 2>/dev/null || skip "no tbf here"
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":20000000}'
	peer_a flood 10.77.0.2 7005 500 100 1400
	sleep .2
	between 19.9 60 "$(peer_a rtt udp 10.77.0.2 7001 5)"
	in_a tc -s qdisc show dev va | grep -Eq 'dropped [1-9]'
	revert
}

@test "revert loses nothing that was held: detour" {
	background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7001 4 1000
	ask net.delay '{"delay":200000000}'
	background "$dir/flood" sh -c "echo; exec ip netns exec $A python3 $SOURCE_DIR/tests/root/net_peer.py flood 10.77.0.2 7001 1000 1000"
	taken 300
	revert
	for _ in $(seq 100); do grep -q received "$dir/count" && break; sleep .05; done
	cat "$dir/count"
	grep -q 'received 1000 of 1000' "$dir/count"
	[ "$(figure matched_packets)" -ge 100 ]
}

@test "revert loses nothing that was held: queue" {
	background "$dir/count" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.1 7001 4 1000
	ask net.delay '{"delay":200000000,"direction":"ingress"}'
	background "$dir/flood" sh -c "echo; exec ip netns exec $B python3 $SOURCE_DIR/tests/root/net_peer.py flood 10.77.0.1 7001 1000 1000"
	taken 300
	revert
	for _ in $(seq 100); do grep -q received "$dir/count" && break; sleep .05; done
	cat "$dir/count"
	grep -q 'received 1000 of 1000' "$dir/count"
	[ "$(figure matched_packets)" -ge 100 ]
}

@test "a TCP connection lives through inject and revert" {
	serve_b 10.77.0.2 7001
	background "$dir/keep" sh -c "echo; exec ip netns exec $A python3 $SOURCE_DIR/tests/root/net_peer.py keep 10.77.0.2 7001 3"
	sleep .3
	ask net.delay '{"delay":50000000,"direction":"both"}'
	sleep 1
	revert
	for _ in $(seq 200); do grep -q "[a-zA-Z]" "$dir/keep" && break; sleep .05; done
	grep -q alive "$dir/keep"
}

@test "a stream through the delay is byte for byte the same, with jitter too; no checksum is wrong" {
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":2000000}'
	[ "$(peer_a push 10.77.0.2 7001 128)" = same ]
	revert
	ask net.delay '{"delay":2000000,"jitter":1000000,"direction":"both"}'
	[ "$(peer_a push 10.77.0.2 7001 8)" = same ]
	revert
	[ "$(in_b nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')" = 0 ]
}

@test "jitter spreads, and packets may overtake each other" {
	background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7001 3 500
	ask net.delay '{"delay":20000000,"jitter":10000000}'
	peer_a flood 10.77.0.2 7001 500 1000
	for _ in $(seq 100); do grep -q received "$dir/count" && break; sleep .05; done
	grep -q 'received 500 of 500, order broken' "$dir/count"
	revert
}

@test "MTU 1280 and 9000" {
	serve_b 10.77.0.2 7001
	for mtu in 1280 9000; do
		ip -n "$A" link set va mtu $mtu
		ip -n "$B" link set vb mtu $mtu
		ask net.delay '{"delay":10000000}'
		[ "$(peer_a push 10.77.0.2 7001 16)" = same ]
		in_a ping -c 1 -W 1 -M "do" -s $((mtu - 28)) 10.77.0.2
		revert
	done
}

@test "VLAN: delayed once, tags survive" {
	ip -n "$A" link add link va name va.5 type vlan id 5 2>/dev/null || skip "no VLAN devices in this kernel"
	ip -n "$B" link add link vb name vb.5 type vlan id 5
	for x in "$A va.5 1" "$B vb.5 2"; do
		set -- $x
		ip -n "$1" addr add "10.78.0.$3/24" dev "$2"
		ip -n "$1" link set "$2" up
	done
	serve_b 10.78.0.2 7001
	ask net.delay '{"delay":30000000}'
	between 29.9 36 "$(peer_a rtt tcp 10.78.0.2 7001 10)"
	[ "$(peer_a push 10.78.0.2 7001 16)" = same ]
	revert
}

@test "neighbours are found without delay" {
	ask net.delay '{"delay":300000000}'
	in_a ip neigh flush all
	in_b ip neigh flush all
	in_a ping -c 1 -W 2 10.77.0.2 >"$dir/ping"
	between 299 340 "$(sed -n 's/.*time=\([0-9.]*\).*/\1/p' "$dir/ping")"
	in_a ping -c 1 -W 2 fd77::2 >"$dir/ping"
	between 299 340 "$(sed -n 's/.*time=\([0-9.]*\).*/\1/p' "$dir/ping")"
	revert
}

@test "a stopped holder is a dead link for a second at most" {
	ask net.delay '{"delay":1000000}'
	kill -STOP "$holder"
	run in_a ping -c 1 -W 1 10.77.0.2
	[ "$status" != 0 ]
	sleep .6
	in_a ping -c 1 -W 1 10.77.0.2
}

@test "one CPU for all: what would spin sleeps, and nobody is starved" {
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
	printf '#!/bin/sh\nexec taskset -c %s %s\n' "$cpu" "$injector" >"$dir/one"
	chmod +x "$dir/one"
	injector=$dir/one
	background "$dir/serve" taskset -c "$cpu" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve 10.77.0.2 7001
	background "$dir/serve6" taskset -c "$cpu" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve fd77::2 7001
	for direction in egress ingress; do
		ask net.delay "{\"delay\":20000000,\"spin\":100000,\"realtime\":1,\"direction\":\"$direction\"}"
		grep -q 'one CPU: neither spin nor realtime' "$dir/events"
		for host in 10.77.0.2 fd77::2; do
			between 19.9 26 "$(taskset -c "$cpu" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" rtt udp $host 7001 15)"
		done
		# A packet each 0.5 ms, for a second: spinning until it is due would take a fifth of the CPU, and more.
		taskset -c "$cpu" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" flood 10.77.0.2 7001 2000 500
		sleep .2
		revert
		cpu_us=$(($(figure engine_cpu_ns) / $(figure matched_packets) / 1000))
		echo "$direction: $cpu_us us of the CPU a packet"
		between 0 60 "$cpu_us"
	done
}
