# net.loss and net.partition as the packets see them; each pitfall of the engines is a test.

load net

setup() { net_setup; }
teardown() { net_teardown; }

@test "loss: a quarter of the packets, both families, counted" {
	ask net.loss '{"percent":250000}' ',"engine":"netdev"'
	for host in 10.77.0.2 fd77::2; do
		got=$(in_a ping -q -f -c 1000 -W 1 $host | sed -n 's/.*, \([0-9]*\) received.*/\1/p')
		between 680 820 "$got"
	done
	revert
	[ "$(figure matched_packets)" = 2000 ]
	between 400 600 "$(figure dropped_packets)"
}

@test "partition: nothing passes, the sender is told nothing, and neighbours are still found" {
	ask net.partition '{}'
	in_a ip neigh flush all
	in_b ip neigh flush all
	[ "$(peer_a flood 10.77.0.2 7000 50 1000)" = "nothing told" ]
	[ "$(peer_a flood fd77::2 7000 50 1000)" = "nothing told" ]
	run in_a ping -c 1 -W 1 10.77.0.2
	[ "$status" != 0 ]
	run in_a ip neigh show 10.77.0.2
	[[ "$output" != *FAILED* && "$output" == *lladdr* ]]
	run in_a ip neigh show fd77::2
	[[ "$output" != *FAILED* && "$output" == *lladdr* ]]
	revert
	between 100 200 "$(figure dropped_packets)"
	in_a ping -c 1 -W 1 10.77.0.2
	in_a ping -c 1 -W 1 fd77::2
}

@test "partition: TCP takes it for a dead path, not for a full queue of its own" {
	serve_b 10.77.0.2 7001
	background "$dir/keep" in_a sh -c "echo; exec python3 $SOURCE_DIR/tests/root/net_peer.py keep 10.77.0.2 7001 3"
	sleep .5
	ask net.partition '{}'
	sleep 1
	# A drop at the egress hook gives TCP an error; it then never counts the segment as sent nor sent again.
	in_a ss -tnio dst 10.77.0.2 >"$dir/ss"
	cat "$dir/ss"
	grep -Eq 'retrans:[0-9]+/[1-9]' "$dir/ss"
	revert
	for _ in $(seq 100); do grep -q alive "$dir/keep" && break; sleep .05; done
	grep -q alive "$dir/keep"
}

@test "partition by engine inet: works, and says what a sender sees" {
	ask net.partition '{}' ',"engine":"inet"'
	grep -q 'operation not permitted' "$dir/events"
	run peer_a flood 10.77.0.2 7000 20 1000
	[ "$output" = "EPERM 20" ]
	revert
	[ "$(figure dropped_packets)" = 20 ]
}

@test "reject: refused at once, both families, and on loopback in both directions" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7002
	serve_a 127.0.0.1 7003
	ask net.partition '{"mode":"reject","direction":"both","to":[":7001/tcp",":7002",":7003"]}'
	for where in "10.77.0.2 7001" "fd77::2 7002" "127.0.0.1 7003"; do
		run peer_a connect $where
		[[ "$output" == ECONNREFUSED* ]]
		between 0 500 "${output#* }"
	done
	in_a ping -c 1 -W 1 10.77.0.2
	revert
	peer_a connect 10.77.0.2 7001
}

@test "reject: what is no TCP is answered by ICMP, both families" {
	# Of B: what comes to it is rejected where it is received, and A is told.
	swap=$A A=$B B=$swap
	ask net.partition '{"mode":"reject","direction":"ingress"}'
	for host in 10.77.0.2 fd77::2; do
		run in_b ping -c 1 -W 2 $host
		echo "$output"
		[[ "$output" == *"Packet filtered"* || "$output" == *"Administratively prohibited"* || "$output" == *"administratively prohibited"* ]]
	done
	revert
	in_b ping -c 1 -W 1 10.77.0.2
	in_b ping -c 1 -W 1 fd77::2
}

@test "filters: port, network, range, protocol, exclude first, direction" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	serve_b 10.77.0.2 7005
	ask net.partition '{"to":["10.77.0.0/28:7000-7003/tcp","[fd77::/64]:7001/tcp"],"exclude":["/icmp"]}'
	run peer_a connect 10.77.0.2 7001
	[[ "$output" == TIMEOUT* ]]
	run peer_a connect fd77::2 7001
	[[ "$output" == TIMEOUT* ]]
	between 0 100 "$(peer_a connect 10.77.0.2 7005)"
	in_a ping -c 1 -W 1 10.77.0.2
	revert
	ask net.partition '{"to":["10.77.0.2"],"exclude":["10.77.0.2:7001/tcp"],"direction":"ingress"}'
	between 0 100 "$(peer_a connect 10.77.0.2 7001)"
	run peer_a connect 10.77.0.2 7005
	[[ "$output" == TIMEOUT* ]]
	in_a ping -c 1 -W 1 fd77::2
	revert
}

# Without connection tracking: by what a packet is for, the same in every engine.
@test "state: new connections, or those that are made; both families, every engine" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	background "$dir/four" in_a sh -c "echo; exec python3 $SOURCE_DIR/tests/root/net_peer.py keep 10.77.0.2 7001 8"
	background "$dir/six" in_a sh -c "echo; exec python3 $SOURCE_DIR/tests/root/net_peer.py keep fd77::2 7001 8"
	for _ in $(seq 100); do [ "$(in_a ss -Htn state established | wc -l)" = 2 ] && break; sleep .05; done
	for engine in netdev inet; do
		ask net.partition '{"state":"new"}' ",\"engine\":\"$engine\""
		for host in 10.77.0.2 fd77::2; do
			run peer_a connect $host 7001
			[[ "$output" == TIMEOUT* ]]
			in_a ping -c 1 -W 1 $host
		done
		revert
		between 2 40 "$(figure dropped_packets)"
	done
	ask net.partition '{"state":"new","mode":"reject"}'
	run peer_a connect fd77::2 7001
	[[ "$output" == ECONNREFUSED* ]]
	revert
	ask net.delay '{"delay":300000000,"state":"new"}'
	for host in 10.77.0.2 fd77::2; do
		between 300 1000 "$(peer_a connect $host 7001)"
		between 0 200 "$(peer_a rtt tcp $host 7001 5)"
	done
	revert
	for family in four six; do
		for _ in $(seq 120); do grep -q alive "$dir/$family" && break; sleep .05; done
		grep -q alive "$dir/$family" || { cat "$dir/$family"; false; }
	done
	ask net.delay '{"delay":300000000,"state":"established","to":["10.77.0.2","fd77::2"]}'
	for host in 10.77.0.2 fd77::2; do
		between 0 200 "$(peer_a connect $host 7001)"
		between 300 1000 "$(peer_a rtt tcp $host 7001 3)"
		in_a ping -c 1 -W 1 $host | sed -n 's/.*time=\([0-9]*\).*/\1/p' | { read -r ms; between 0 200 "$ms"; }
	done
	revert
	run ask net.loss '{"percent":1000,"state":"new","to":[":53/udp"]}'
	[ "$status" != 0 ]
	grep -q "of TCP alone, and 'to' has ':53/udp'" "$dir/events"
}

@test "loopback: a partition of one local port leaves the others" {
	serve_a 127.0.0.1 7001
	serve_a 127.0.0.1 7002
	ask net.partition '{"to":["127.0.0.1:7001/tcp"]}'
	grep -q ' on lo;' "$dir/events"
	run peer_a connect 127.0.0.1 7001
	[[ "$output" == TIMEOUT* ]]
	between 0 100 "$(peer_a connect 127.0.0.1 7002)"
	revert
}

# ---- what others may do to the table ----

@test "others cannot take the table away, and it goes with its holder" {
	ask net.partition '{}'
	in_a nft flush ruleset
	table=$(in_a nft list tables | awk '/ordeal-/ {print $3}')
	[ -n "$table" ]
	run in_a nft delete table netdev "$table"
	[ "$status" != 0 ]
	run in_a ping -c 1 -W 1 10.77.0.2
	[ "$status" != 0 ]
	kill -KILL "$holder"
	for _ in $(seq 50); do in_a ping -c 1 -W 1 10.77.0.2 >/dev/null && break; done
	in_a ping -c 1 -W 1 10.77.0.2
	[ -z "$(in_a nft list tables)" ]
}

# ---- the rules of safety ----

@test "the whole host is cut off only where that was said" {
	local request='{"protocol":1,"op":"add","lease":"whole","fault":"net.partition","args":%s,"target":{"host":true},"hold_ns":1000000,"seed":1%s}\n'
	for args in '{}' '{"mode":"reject"}'; do
		# shellcheck disable=SC2059
		run sh -c "printf '$request' '$args' '' | ip netns exec $A $injector"
		[[ "$output" == *'"code":"guard"'* && "$output" == *"whole host"* ]]
	done
	# shellcheck disable=SC2059
	run sh -c "(printf '$request' '{}' ',\"whole_host\":true'; sleep 1) | ip netns exec $A $injector"
	[[ "$output" == *'"injected"'* ]]
	# shellcheck disable=SC2059
	run sh -c "(printf '$request' '{\"to\":[\":9/tcp\"]}' ''; sleep 1) | ip netns exec $A $injector"
	[[ "$output" == *'"injected"'* ]]
}

@test "a device that is not there, is down, or too many of them, are refused by name" {
	run ask net.loss '{"percent":1000,"device":"eth9"}'
	[ "$status" != 0 ]
	grep -q "no device 'eth9'" "$dir/events"
	ip -n "$A" link set va down
	run ask net.loss '{"percent":1000,"device":"va"}'
	[ "$status" != 0 ]
	grep -q "'va' is down" "$dir/events"
	run ask net.loss '{"percent":1000}'
	[ "$status" != 0 ]
	grep -q 'no device but loopback is up' "$dir/events"
	for i in $(seq 9); do
		ip -n "$A" link add "x$i" type veth peer name "y$i"
		ip -n "$A" link set "x$i" up
		ip -n "$A" link set "y$i" up
	done
	run ask net.loss '{"percent":1000}'
	[ "$status" != 0 ]
	grep -q '18 devices are up, at most 16' "$dir/events"
}

@test "stacked devices: each packet is met once" {
	ip -n "$A" link add br0 type bridge
	ip -n "$A" addr flush dev va
	ip -n "$A" link set va master br0
	address "$A" br0 1
	serve_b 10.77.0.2 7001
	in_a ping -c 1 -W 2 10.77.0.2
	ask net.delay '{"delay":30000000,"direction":"both"}'
	grep -q 'left out: br0' "$dir/events"
	grep -q 'ordeal-net-va.1' "$dir/events"
	grep -q '"engine":"detour+queue"' "$dir/events"
	between 59 75 "$(peer_a rtt tcp 10.77.0.2 7001 10)"
	revert
}

@test "the tables are what nft shows" {
	ask net.loss '{"percent":125000,"to":["10.0.0.0/8:5432/tcp"],"exclude":["10.9.9.9"],"direction":"both"}' ',"engine":"netdev"'
	in_a nft list ruleset | sed 's/ordeal-n[0-9-]*/ordeal-LEASE/; s/^\(table [^{]*{\).*/\1/; s/comment ".*"/comment/' >"$dir/shown"
	diff -u "$SOURCE_DIR/tests/root/golden/net-loss.nft" "$dir/shown"
	revert
}

@test "doctor says how each can run, and what is missing" {
	local ask='{"protocol":1,"op":"doctor"}'
	for fault in net.delay net.loss net.partition; do
		echo "$ask" | "$injector" | grep -q "\"fault\":\"$fault\",\"available\":true" ||
			echo "$ask" | "$injector" | jq -e ".faults[] | select(.fault == \"$fault\") | .available"
	done
	run unshare -m sh -c "mount -t tmpfs none /dev/net && echo '$ask' | $injector"
	[[ "$output" == *'loopback and ingress only: there is no /dev/net/tun'* ]]
	run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "echo '$ask' | $injector"
	[[ "$output" == *'needs CAP_NET_ADMIN'* || "$status" = 126 || "$status" = 127 ]]
}

@test "without a TUN the detour is refused with the reason, and nothing was done" {
	run unshare -m sh -c "mount -t tmpfs none /dev/net && (echo '{\"protocol\":1,\"op\":\"add\",\"lease\":\"notun\",\"fault\":\"net.delay\",\"args\":{\"delay\":1000000},\"target\":{\"netns\":\"/run/netns/$A\",\"netns_ino\":$(stat -Lc %i "/run/netns/$A")},\"hold_ns\":1000000,\"seed\":1}'; sleep .3) | $injector"
	[[ "$output" == *'"phase":"check","code":"skip"'*'there is no /dev/net/tun'* ]]
	[ -z "$(in_a nft list tables)" ]
}
