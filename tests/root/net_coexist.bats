# Beside what others have put at the same hooks: the effect is in force, theirs goes on, and nothing of theirs is touched.

load net

setup() { net_setup; }
teardown() {
	[ -z "${C:-}" ] || ip netns del "$C" 2>/dev/null
	net_teardown
}

# What others made in A: rules without counters and handles, qdiscs and filters without statistics, devices.
theirs() {
	in_a nft -s list ruleset
	in_a tc qdisc show
	for d in va br0; do
		in_a tc filter show dev $d egress 2>/dev/null
		in_a tc filter show dev $d ingress 2>/dev/null
	done | sed '/Sent\|backlog\|used\|installed/d'
	in_a ip -o link show | sed 's/ordeal-.*//; s/ state [A-Z]* / /' # the kernel tells of the carrier later
	in_a sysctl -a 2>/dev/null | grep '^net\.ipv[46]\.conf\.\(va\|all\)\.'
}

# around FAULT ARGS COMMAND...: theirs is equal before and after; the command runs while the fault is in force.
around() {
	local fault=$1 args=$2
	shift 2
	theirs >"$dir/before"
	ask "$fault" "$args"
	"$@"
	revert
	theirs >"$dir/after"
	diff -u "$dir/before" "$dir/after"
}

late() { for host in 10.77.0.2 fd77::2; do between 19.9 30 "$(peer_a rtt udp $host 7001 5)"; done; }
late_both_ways() { for host in 10.77.0.2 fd77::2; do between 39.9 55 "$(peer_a rtt udp $host 7001 5)"; done; }
answered() { for host in 10.77.0.2 fd77::2; do between 0 900 "$(peer_a rtt tcp $host 7001 5)"; done; }
serve_both() {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
}

@test "fq_codel at the root, as systemd-networkd sets it" {
	serve_both
	in_a tc qdisc replace dev va root fq_codel limit 2000 target 4ms 2>/dev/null || skip "this kernel has no fq_codel (label vm has)"
	around net.delay '{"delay":20000000}' late
	around net.loss '{"percent":1000}' true
}

@test "htb at the root with classes and filters" {
	serve_both
	in_a tc qdisc replace dev va root handle 1: htb default 10
	in_a tc class add dev va parent 1: classid 1:10 htb rate 100mbit
	in_a tc class add dev va parent 1: classid 1:20 htb rate 10mbit
	in_a tc filter add dev va parent 1: protocol ip u32 match ip dport 22 0xffff flowid 1:20
	around net.delay '{"delay":20000000,"direction":"both"}' late_both_ways
	around net.loss '{"percent":1000}' true
}

@test "classifiers in BPF at both hooks of the device (clsact), as Cilium's; a mark of ours is never seen" {
	serve_both
	in_a tc qdisc add dev va clsact
	# What bears a mark is shot by the one at the way out: ld mark; jeq 0, ok, shot. In BPF 0 is ok and 2 is shot.
	in_a tc filter add dev va egress bpf direct-action bytecode '4,32 0 0 4294963220,21 0 1 0,6 0 0 0,6 0 0 2,'
	in_a tc filter add dev va ingress bpf direct-action bytecode '1,6 0 0 0,'
	around net.delay '{"delay":20000000,"direction":"both"}' late_both_ways
	in_a nft -f - <<-'END'
		table inet marks {
			chain out { type route hook output priority mangle; meta mark set 7; }
		}
	END
	run peer_a rtt udp 10.77.0.2 7001 1
	[ "$status" != 0 ] || [ -z "$output" ] # the classifier does shoot
}

@test "programs at tcx, as a newer Cilium's, that read and write marks: they stay in their order, and see none of ours" {
	serve_both
	background "$dir/tcx" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_tcx.py" hold va
	grep -q ready "$dir/tcx" || skip "this kernel has no tcx, Linux 6.6: $(cat "$dir/tcx")"
	in_a nft -f - <<-'END'
		table inet mine {
			counter odd { }
			chain pre { type filter hook prerouting priority raw; iif "va" meta mark != 0xcafe counter name odd; }
		}
	END
	tcx() { in_a python3 "$SOURCE_DIR/tests/root/net_tcx.py" show va; }
	tcx >"$dir/tcx-before"
	grep -Eq '^egress revision [0-9]+ programs [0-9]+ [0-9]+ links [0-9]+ [0-9]+$' "$dir/tcx-before"
	same_tcx() {
		tcx >"$dir/tcx-now"
		diff -u "$dir/tcx-before" "$dir/tcx-now"
	}
	while_late() {
		same_tcx
		for host in 10.77.0.2 fd77::2; do between 39.9 900 "$(peer_a rtt udp $host 7001 5)"; done
	}
	around net.delay '{"delay":20000000,"direction":"both"}' while_late
	same_tcx
	cut() {
		same_tcx
		for host in 10.77.0.2 fd77::2; do [[ "$(peer_a connect $host 7001)" == TIMEOUT* ]]; done
	}
	around net.partition '{}' cut
	around net.loss '{"percent":1000}' answered
	same_tcx
	in_a nft list counter inet mine odd | grep -q 'packets 0 '
	# They do drop what bears a mark.
	in_a nft add chain inet mine out '{ type route hook output priority mangle; meta mark set 7; }'
	run peer_a connect 10.77.0.2 7001
	[[ "$output" == TIMEOUT* ]]
}

# The mark of ours lies between a TAP and the end of the detours, of one device. Whatever marks people use before and behind it,
# of all 32 bits, work on, and do not let packets escape.
@test "marks of all 32 bits, saved with connections and routed by: each packet is late, and theirs are what they were" {
	serve_both
	in_a ip rule add fwmark 0xdeadbeef lookup 77 2>/dev/null || skip "this kernel cannot route by marks"
	in_a ip -6 rule add fwmark 0xdeadbeef lookup 77
	in_a ip route add 10.77.0.0/24 dev va src 10.77.0.1 table 77
	in_a ip -6 route add fd77::/64 dev va table 77
	in_a nft -f - <<-'END'
		table inet marks {
			counter saved { }
			counter restored { }
			counter odd { }
			chain out { type route hook output priority mangle; meta l4proto udp meta mark set 0xdeadbeef; }
			chain post { type filter hook postrouting priority mangle; meta mark 0xdeadbeef ct mark set meta mark counter name saved; }
			chain pre { type filter hook prerouting priority mangle; meta mark != 0 counter name odd; meta l4proto udp meta mark set ct mark; }
			chain in { type filter hook input priority mangle; meta mark 0xdeadbeef counter name restored; }
		}
	END
	around net.delay '{"delay":20000000,"direction":"both"}' late_both_ways
	for counter in saved restored; do in_a nft list counter inet marks $counter | grep -q 'packets 10 '; done
	in_a nft list counter inet marks odd | grep -q 'packets 0 '
	in_a nft flush chain inet marks out
	ask net.delay '{"delay":20000000}'
	for bit in $(seq 0 31) all; do
		mark=$([ $bit = all ] && echo 0xffffffff || printf '0x%x' $((1 << bit)))
		in_a nft "flush chain inet marks out; add rule inet marks out meta l4proto udp meta mark set $mark"
		between 19.9 900 "$(peer_a rtt udp 10.77.0.2 7001 1)"
		between 19.9 900 "$(peer_a rtt udp fd77::2 7001 1)"
	done
	revert
}

@test "a user's own chains at the same hooks and priorities: each sees a packet once, and a drop stays one" {
	serve_both
	in_a nft -f - <<-'END'
		table netdev mine {
			counter seen { }
			chain out { type filter hook egress device "va" priority -300; udp dport 7001 counter name seen; udp dport 7009 drop; }
			chain in { type filter hook ingress device "va" priority -300; udp sport 7001 accept; }
		}
		table inet mine {
			chain pre { type filter hook prerouting priority raw; meta mark set 5; }
			chain out { type route hook output priority mangle; meta mark set 7; }
			chain in { type filter hook input priority filter; policy drop; iif lo accept; ct state established accept; meta l4proto { icmp, ipv6-icmp } accept; }
		}
	END
	counted() {
		peer_a rtt udp 10.77.0.2 7001 10 >"$dir/rtt"
		between 39.9 55 "$(cat "$dir/rtt")"
		late_both_ways
	}
	around net.delay '{"delay":20000000,"direction":"both"}' counted
	# net_peer's rtt warms up with nothing: 10 + 5 packets of IPv4, 5 of IPv6.
	in_a nft list counter netdev mine seen | grep -q 'packets 20 '
	background "$dir/lost" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7009 2 5
	dropped() { peer_a flood 10.77.0.2 7009 5 1000; }
	around net.delay '{"delay":1000000}' dropped
	for _ in $(seq 200); do grep -q received "$dir/lost" && break; sleep .02; done
	grep -q 'received 0 of 5' "$dir/lost"
}

# A is a host as Docker makes one: br0 with a container C behind it, whose packets leave by va under A's address.
docker_like() {
	C=on$$${BATS_TEST_NUMBER}c
	ip netns add "$C"
	ip -n "$A" link add br0 type bridge
	ip -n "$A" addr add 172.17.0.1/24 dev br0
	ip -n "$A" link set br0 up
	ip link add vc netns "$C" type veth peer name vh netns "$A"
	ip -n "$A" link set vh master br0
	ip -n "$A" link set vh up
	ip -n "$C" link set lo up
	ip -n "$C" addr add 172.17.0.2/24 dev vc
	ip -n "$C" link set vc up
	ip -n "$C" route add default via 172.17.0.1
	in_a sysctl -qw net.ipv4.ip_forward=1
	in_a nft -f - <<-'END'
		table ip nat {
			chain DOCKER { tcp dport 8080 dnat to 172.17.0.2:7005; }
			chain PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local jump DOCKER; }
			chain POSTROUTING { type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/24 oifname != "br0" masquerade; }
		}
		table ip filter {
			chain FORWARD { type filter hook forward priority filter; policy drop; ct state established,related accept; iifname "br0" accept; oifname "br0" ip daddr 172.17.0.2 tcp dport 7005 accept; }
		}
	END
}
in_c() { ip netns exec "$C" "$@"; }

@test "a bridge with masquerading and published ports, as Docker's: out, in, and the container alone" {
	serve_b 10.77.0.2 7001
	docker_like
	background "$dir/serve-c" ip netns exec "$C" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve 172.17.0.2 7005
	before=$(in_c python3 "$SOURCE_DIR/tests/root/net_peer.py" rtt tcp 10.77.0.2 7001 5)
	between 0 15 "$before"
	out() {
		between 19.9 30 "$(in_c python3 "$SOURCE_DIR/tests/root/net_peer.py" rtt tcp 10.77.0.2 7001 5)"
		between 19.9 30 "$(peer_b rtt tcp 10.77.0.1 8080 5)"
	}
	around net.delay '{"delay":20000000,"device":"va"}' out
	both() {
		between 39.9 55 "$(in_c python3 "$SOURCE_DIR/tests/root/net_peer.py" rtt tcp 10.77.0.2 7001 5)"
		between 39.9 55 "$(peer_b rtt tcp 10.77.0.1 8080 5)"
	}
	around net.delay '{"delay":20000000,"device":"va","direction":"both"}' both
	alone() {
		between 19.9 30 "$(peer_b rtt tcp 10.77.0.1 8080 5)"
		between 0 15 "$(peer_a rtt udp 10.77.0.2 7001 5)"
	}
	around net.delay '{"delay":20000000,"device":"vh"}' alone
	cut() { [ "$(peer_b connect 10.77.0.1 8080)" != "" ] && ! peer_b connect 10.77.0.1 8080 | grep -q '^[0-9.]*$'; }
	around net.partition '{"device":"vh"}' cut
}
