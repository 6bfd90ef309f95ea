# Engine netem as the packets see it: the kernel's own emulator beside the devices, whose qdiscs are left alone. Most of it needs
# a kernel with sch_netem; tests/vm has one.

load net

setup() { net_setup; }
teardown() { net_teardown; }

netem=',"engine":"netem"'
has_netem() {
	modprobe -q sch_netem 2>/dev/null || :
	ip netns exec "$B" tc qdisc add dev lo root netem 2>/dev/null
}
needs_netem() { has_netem || skip "this kernel has no sch_netem"; }

# mean HOST: of 10 answers, ms.
mean() { in_a ping -q -c 10 -i 0.05 -W 2 "$1" | sed -n 's,^rtt [^=]*= [0-9.]*/\([0-9.]*\)/.*,\1,p'; }
# least HOST: the least of 10 answers: what a host under load adds is not the fault's.
least() { in_a ping -q -c 10 -i 0.05 -W 2 "$1" | sed -n 's,^rtt [^=]*= \([0-9.]*\)/.*,\1,p'; }
# state: what there is in A, but for counters.
state() {
	in_a tc qdisc show
	in_a ip -o link | sed 's/ qlen.*//'
	in_a nft -s list ruleset
}
# unchanged FILE: the state is again what the file says, some tens of milliseconds later at most (a second here).
unchanged() {
	for _ in $(seq 50); do
		state >"$dir/now"
		cmp -s "$1" "$dir/now" && return 0
		sleep .02
	done
	diff "$1" "$dir/now"
}

@test "without sch_netem it is refused with the reason, and nothing was done" {
	! has_netem || skip "this kernel has sch_netem"
	state >"$dir/before"
	run ask net.delay '{"delay":50000000}' "$netem"
	[ "$status" != 0 ]
	grep -q '"code":"skip".*no sch_netem (CONFIG_NET_SCH_NETEM' "$dir/events"
	unchanged "$dir/before"
}

@test "delay by netem: both families, the device's own tree untouched, nothing left" {
	needs_netem
	in_a tc qdisc add dev va root handle 7: prio bands 3
	in_a tc qdisc add dev va parent 7:2 handle 72: pfifo limit 77
	in_a tc filter add dev va parent 7: protocol ip prio 5 u32 match ip dport 99 0xffff flowid 7:2
	state >"$dir/before"
	in_a tc filter show dev va >"$dir/filters"
	in_a tc qdisc show dev va >"$dir/tree"
	ask net.delay '{"delay":50000000}' "$netem"
	grep -q '"engine":"netem"' "$dir/events"
	grep -q '"class":"kernel"' "$dir/events"
	for host in 10.77.0.2 fd77::2; do between 50 80 "$(mean $host)"; done
	in_a tc qdisc show dev va | cmp - "$dir/tree"
	revert
	[ "$(figure matched_packets)" -ge 20 ]
	unchanged "$dir/before"
	in_a tc filter show dev va | cmp - "$dir/filters"
	between 0 30 "$(mean 10.77.0.2)"
}

@test "loss and duplicates by netem: by packet, counted" {
	needs_netem
	serve_b 10.77.0.2 7001
	ask net.loss '{"percent":250000}' "$netem"
	got=$(in_a ping -q -f -c 400 -W 1 10.77.0.2 | sed -n 's/.*, \([0-9]*\) received.*/\1/p')
	between 255 345 "$got"
	revert
	[ "$(figure matched_packets)" = 400 ]
	[ "$(figure lost)" = $((400 - got)) ]
	ask net.duplicate '{"percent":1000000}' "$netem"
	in_a ping -q -c 5 -i 0.2 -W 1 10.77.0.2 | grep -q '+[45] duplicates'
	revert
	# Two in a hundred of the packets on the wire, not of frames of 64 KiB: a stream still gets through, byte for byte.
	ask net.loss '{"percent":20000}' "$netem"
	[ "$(peer_a push 10.77.0.2 7001 1)" = same ]
	revert
	[ "$(figure lost)" -ge 2 ]
}

@test "SIGKILL of the holder: traffic is direct at once, the pair goes too" {
	needs_netem
	state >"$dir/before"
	ask net.delay '{"delay":300000000}' "$netem"
	between 299 400 "$(in_a ping -q -c 2 -W 2 10.77.0.2 | sed -n 's,^rtt [^=]*= [0-9.]*/\([0-9.]*\)/.*,\1,p')"
	kill -KILL "$holder"
	sleep .1
	between 0 60 "$(in_a ping -q -c 2 -i 0.2 -W 2 10.77.0.2 | sed -n 's,^rtt [^=]*= \([0-9.]*\)/.*,\1,p')"
	unchanged "$dir/before"
}

@test "SIGKILL of holder and guardian: nothing is left for a rescue" {
	needs_netem
	state >"$dir/before"
	ask net.delay '{"delay":300000000}' "$netem"
	guardian=$(pgrep -P "$holder" | head -n 1)
	[ -n "$guardian" ]
	kill -KILL "$guardian" "$holder"
	unchanged "$dir/before"
	between 0 60 "$(in_a ping -q -c 2 -i 0.2 -W 2 10.77.0.2 | sed -n 's,^rtt [^=]*= \([0-9.]*\)/.*,\1,p')"
}

@test "what comes in by netem: delayed once, both families; both ways twice; two faults add up; nothing left" {
	needs_netem
	in_a nft add table netdev mine
	in_a nft add chain netdev mine in '{ type filter hook ingress device "va" priority 0; }'
	in_a nft add rule netdev mine in meta mark 0 meta pkttype host counter
	in_a ip link add link va name va.5 type vlan id 5
	in_b ip link add link vb name vb.5 type vlan id 5
	for x in "$A va.5 1" "$B vb.5 2"; do
		# shellcheck disable=SC2086 # three words
		set -- $x
		ip -n "$1" addr add "10.78.0.$3/24" dev "$2"
		ip -n "$1" link set "$2" up
	done
	state >"$dir/before"
	ask net.delay '{"delay":50000000,"direction":"ingress"}' "$netem"
	grep -q '"class":"kernel"' "$dir/events"
	for host in 10.77.0.2 fd77::2 10.78.0.2; do between 50 95 "$(least $host)"; done
	serve_a 10.77.0.1 7001
	serve_a fd77::1 7001
	for host in 10.77.0.1 fd77::1; do [ "$(peer_b push $host 7001 1)" = same ]; done
	ask2 net.delay '{"delay":50000000,"direction":"both","device":"va"}' "$netem"
	for host in 10.77.0.2 fd77::2; do between 150 195 "$(least $host)"; done
	exec 9>&-
	for _ in $(seq 200); do grep -q '"event":"reverted"' "$dir/events2" && break; sleep .02; done
	between 50 95 "$(least 10.77.0.2)"
	holder=${holders[0]}
	revert
	[ "$(figure matched_packets)" -ge 60 ]
	unchanged "$dir/before"
	between 0 30 "$(least 10.77.0.2)"
	# What others have there saw each packet once, addressed to this host and without a mark.
	ask net.delay '{"delay":50000000,"direction":"ingress"}' "$netem"
	in_a nft reset counters table netdev mine >/dev/null
	seen=$(mine)
	mean 10.77.0.2 >/dev/null
	[ $(($(mine) - seen)) = 10 ]
	revert
}
mine() { in_a nft list chain netdev mine in | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'; }

@test "what comes in by netem: losses by packet, counted; and where tc classifies it is refused" {
	needs_netem
	ask net.loss '{"percent":250000,"direction":"ingress"}' "$netem"
	got=$(in_a ping -q -f -c 400 -W 1 fd77::2 | sed -n 's/.*, \([0-9]*\) received.*/\1/p')
	between 255 345 "$got"
	revert
	[ "$(figure lost)" = $((400 - got)) ]
	in_a tc qdisc add dev va clsact
	run ask net.loss '{"percent":250000,"direction":"ingress"}' "$netem"
	[ "$status" != 0 ]
	grep -q 'va has classifiers of tc where packets come in' "$dir/events"
}

@test "what comes in by netem: SIGKILL of holder, and of both: traffic is direct at once, and nothing is left" {
	needs_netem
	state >"$dir/before"
	for host in 10.77.0.2 fd77::2; do
		ask net.delay '{"delay":300000000,"direction":"ingress"}' "$netem"
		between 299 400 "$(in_a ping -q -c 2 -W 2 $host | sed -n 's,^rtt [^=]*= [0-9.]*/\([0-9.]*\)/.*,\1,p')"
		guardian=
		[ $host = 10.77.0.2 ] || guardian=$(pgrep -P "$holder" | head -n 1)
		# shellcheck disable=SC2086 # none, or one
		kill -KILL $guardian "$holder"
		sleep .1
		between 0 60 "$(in_a ping -q -c 2 -i 0.2 -W 2 $host | sed -n 's,^rtt [^=]*= \([0-9.]*\)/.*,\1,p')"
		unchanged "$dir/before"
		exec 8>&-
	done
}

@test "what netem does not do as asked is refused, by name" {
	while read -r fault args why; do
		run ask "$fault" "$args" "$netem"
		[ "$status" != 0 ]
		grep -q "$why" "$dir/events" || { cat "$dir/events"; return 1; }
		exec 8>&-
	done <<-'WHY'
		net.loss {"percent":1000,"correlation":250000} the.share.changes
		net.impair {"loss":1000,"duplicate":1000} duplicates.beside.losses
		net.delay {"delay":1000000,"spin":50000} does.not.take.'spin'
		net.delay {"delay":1000000,"limit":1000000} counts.packets,.not.bytes
		net.rate {"rate":1000000,"burst":1500} would.never.leave.a.bucket.of.1500
		net.delay {"delay":1000000,"to":["127.0.0.1"],"direction":"ingress"} incoming.packets.of.lo
	WHY
}
