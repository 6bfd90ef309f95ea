# The filter `cgroup`: two senders in two control groups of the test's own, of which one is hit and the other is not.

load net

setup() {
	hold_ns=300000000000
	net_setup
	cg=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$cg" ] || skip "control groups of version 2 are not mounted here (label vm has them)"
	top=$cg/ordeal-test-$$-$BATS_TEST_NUMBER
	mkdir "$top" 2>/dev/null || skip "no control group can be made below $cg"
	mkdir "$top/one" "$top/one/below" "$top/two"
}

teardown() {
	exec 7>&-
	net_teardown
	[ -z "${top:-}" ] || rmdir "$top/one/below" "$top/one" "$top/two" "$top" 2>/dev/null || [ ! -d "$top" ]
}

# Before it goes to A, where /sys is another.
# shellcheck disable=SC2016 # the inner shell's
into='echo $$ >"$1/cgroup.procs" || exit; shift; exec "$@"'

# in_group GROUP COMMAND...: in A, as a process of that group.
in_group() {
	local group=$1
	shift
	sh -c "$into" sh "$top/$group" ip netns exec "$A" "$@"
}
peer_in() {
	local group=$1
	shift
	in_group "$group" python3 "$SOURCE_DIR/tests/root/net_peer.py" "$@"
}
serve_both() {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
}

hit() { run peer_in "$1" connect "$2" 7001 && echo "$1: $output" && [[ "$output" == TIMEOUT* ]]; }
spared() { between 0 900 "$(peer_in "$1" connect "$2" 7001)"; }

@test "partition: one group and those below it, TCP and UDP, both families; its neighbour is not, and nobody is told" {
	serve_both
	ask net.partition "{\"cgroup\":\"$top/one\"}"
	grep -q '"engine":"netdev"' "$dir/events"
	for host in 10.77.0.2 fd77::2; do
		hit one $host
		hit one/below $host
		spared two $host
		[ "$(peer_in one flood $host 7001 5 1000)" = "nothing told" ]
		run in_group one/below ping -c 1 -W 1 $host
		[ "$status" != 0 ]
		between 0 900 "$(peer_in two rtt udp $host 7001 3)"
		between 0 900 "$(peer_a rtt tcp $host 7001 3)"
	done
	revert
	between 16 60 "$(figure dropped_packets)"
	spared one 10.77.0.2
	spared one/below fd77::2
}

@test "what a group's listener is asked is answered (the kernel sends that), and then nothing is" {
	background "$dir/serve" sh -c "$into" sh "$top/one" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve 10.77.0.1 7001
	ask net.partition "{\"cgroup\":\"$top/one\"}"
	grep -q 'the answer to a SYN, resets) passes' "$dir/events"
	between 0 900 "$(peer_b connect 10.77.0.1 7001)"
	run timeout 1 ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" rtt tcp 10.77.0.1 7001 1
	[ "$status" = 124 ]
	revert
	between 0 900 "$(peer_b rtt tcp 10.77.0.1 7001 3)"
}

@test "engine inet, and rejects: one group" {
	serve_both
	ask net.partition "{\"cgroup\":\"${top#"$cg/"}/one\"}" ',"engine":"inet"'
	[ "$(peer_in one flood fd77::2 7001 5 1000)" = "EPERM 5" ]
	hit one/below 10.77.0.2
	spared two 10.77.0.2
	revert
	[ "$(figure dropped_packets)" -ge 6 ]
	ask net.partition "{\"cgroup\":\"/${top#"$cg/"}/one\",\"mode\":\"reject\"}"
	for host in 10.77.0.2 fd77::2; do
		[[ "$(peer_in one connect $host 7001)" == ECONNREFUSED* ]]
		spared two $host
	done
	revert
}

@test "delay and loss: one group, with the rest of the filter, by detour and by netem" {
	serve_both
	engines=detour
	modprobe -q sch_netem 2>/dev/null || :
	# label vm has it
	if ip netns exec "$B" tc qdisc add dev lo root netem 2>/dev/null; then engines+=" netem"; fi
	for engine in $engines; do
		ask net.delay "{\"delay\":150000000,\"cgroup\":\"$top/one\",\"exclude\":[\":7001/tcp\"]}" ",\"engine\":\"$engine\""
		for host in 10.77.0.2 fd77::2; do
			between 149.9 2000 "$(peer_in one rtt udp $host 7001 3)"
			between 149.9 2000 "$(peer_in one/below rtt udp $host 7001 3)"
			between 0 149 "$(peer_in one rtt tcp $host 7001 3)"
			between 0 149 "$(peer_in two rtt udp $host 7001 3)"
		done
		revert
		[ "$(figure matched_packets)" = 12 ]
	done
	for engine in detour netdev; do
		background "$dir/lost" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7009 6 400
		ask net.loss "{\"percent\":500000,\"cgroup\":\"$top/one\"}" ",\"engine\":\"$engine\""
		peer_in one flood 10.77.0.2 7009 200 500
		peer_in two flood 10.77.0.2 7010 200 500
		revert
		[ "$(figure matched_packets)" = 200 ]
		for _ in $(seq 300); do grep -q received "$dir/lost" && break; sleep .02; done
		between 60 140 "$(sed -n 's/received \([0-9]*\).*/\1/p' "$dir/lost")"
	done
}

@test "loopback: one group, by the queue and cut; both families" {
	serve_a 127.0.0.1 7001
	serve_a ::1 7001
	ask net.delay "{\"delay\":150000000,\"cgroup\":\"$top/one\",\"to\":[\"127.0.0.1\",\"::1\"]}"
	for host in 127.0.0.1 ::1; do
		between 149.9 299 "$(peer_in one rtt udp $host 7001 3)"
		between 0 149 "$(peer_in two rtt tcp $host 7001 3)"
	done
	# And another that means some of the same packets: both hit.
	ask2 net.partition "{\"cgroup\":\"$top/one/below\",\"to\":[\"127.0.0.1\"]}"
	hit one/below 127.0.0.1
	between 149.9 299 "$(peer_in one rtt udp 127.0.0.1 7001 3)"
	between 149.9 299 "$(peer_in one/below rtt udp ::1 7001 3)"
	spared two 127.0.0.1
	exec 9>&-
	wait "$holder"
	holder=${holders[0]}
	revert
}

# What has taken a detour has no socket any more: so who asks for the sender comes first, and there is but one of it a device.
@test "beside other faults at the same device: cuts of a group with delays of all, of the group, and a second that is refused" {
	serve_both
	ask net.delay '{"delay":150000000}'
	ask2 net.partition "{\"cgroup\":\"$top/one\"}"
	for host in 10.77.0.2 fd77::2; do
		hit one $host
		between 149.9 349 "$(peer_in two rtt udp $host 7001 3)"
	done
	exec 9>&-
	wait "$holder"
	# A delay of the group behind that of all: both.
	ask2 net.delay "{\"delay\":200000000,\"cgroup\":\"$top/one\"}"
	between 349.9 3000 "$(peer_in one rtt udp 10.77.0.2 7001 3)"
	between 149.9 349 "$(peer_in two rtt udp 10.77.0.2 7001 3)"
	run ask_on 7 "$dir/events3" net.delay "{\"delay\":200000000,\"cgroup\":\"$top/two\"}"
	[ "$status" != 0 ]
	grep -q 'device va has a fault with a filter by cgroup already' "$dir/events3"
	# A cut of some of the same packets: they are gone, the others late twice.
	ask_on 7 "$dir/events3" net.partition "{\"cgroup\":\"$top/one/below\"}"
	hit one/below fd77::2
	between 349.9 3000 "$(peer_in one rtt udp fd77::2 7001 3)"
	exec 7>&- 9>&-
}

@test "a group that goes while the fault holds: one made in its place is another, and the figures say so" {
	serve_both
	ask net.delay "{\"delay\":150000000,\"cgroup\":\"$top/one\"}"
	between 149.9 2000 "$(peer_in one/below rtt udp 10.77.0.2 7001 3)"
	rmdir "$top/one/below" "$top/one"
	mkdir "$top/one" "$top/one/below"
	between 0 149 "$(peer_in one rtt udp 10.77.0.2 7001 3)"
	between 0 149 "$(peer_in one/below rtt udp fd77::2 7001 3)"
	revert
	[ "$(figure cgroup_gone)" = 1 ]
	# While it is there nothing is said.
	ask net.partition "{\"cgroup\":\"$top/one\"}"
	hit one 10.77.0.2
	revert
	[ -z "$(figure cgroup_gone)" ]
}

@test "SIGKILL of the holder: nothing of either table is left, at a device, on loopback, with a cut" {
	for ask in "net.delay,{\"delay\":150000000,\"cgroup\":\"$top/one\"}" \
		"net.delay,{\"delay\":150000000,\"cgroup\":\"$top/one\",\"to\":[\"127.0.0.1\"]}" \
		"net.partition,{\"cgroup\":\"$top/one\"}" "net.partition,{\"cgroup\":\"$top/one\",\"mode\":\"reject\"}"; do
		ask "${ask%%,*}" "${ask#*,}"
		in_a nft list tables | grep -q ordeal-
		kill -KILL "$holder"
		for _ in $(seq 100); do in_a nft list tables | grep -q ordeal- || break; sleep .02; done
		[ -z "$(in_a nft list tables)" ]
		[ -z "$(in_a ip -o link show | grep ordeal-)" ]
		exec 8>&-
	done
}

@test "'target' is the group of the target's processes" {
	serve_both
	background "$dir/sleeps" sh -c "$into" sh "$top/two" ip netns exec "$A" sh -c 'echo; exec sleep 60'
	pid=${started[-1]}
	start=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)
	comm=$(cat "/proc/$pid/comm")
	rm -f "$dir/in"
	mkfifo "$dir/in"
	"$injector" <"$dir/in" >"$dir/events" 2>&1 8>&- 3>&- &
	holder=$!
	holders+=($!)
	exec 8>"$dir/in"
	printf '{"protocol":1,"op":"add","lease":"n%s","fault":"net.partition","args":{"cgroup":"target"},"target":{"procs":[[%s,%s,"%s"]],"netns":"/proc/%s/ns/net","netns_ino":%s},"hold_ns":60000000000,"seed":7}\n' \
		$$ "$pid" "$start" "$comm" "$pid" "$(stat -Lc %i "/run/netns/$A")" >&8
	for _ in $(seq 500); do grep -q '"event":"\(injected\|failed\)"' "$dir/events" && break; sleep .01; done
	cat "$dir/events"
	grep -q '"event":"injected"' "$dir/events"
	hit two 10.77.0.2
	spared one 10.77.0.2
	revert
}

@test "what is no such group is refused, with what would be right" {
	refused() {
		local args=$1 says=$2
		run ask net.partition "$args"
		[ "$status" != 0 ] || { echo "accepted: $args"; false; }
		grep -qF "$says" "$dir/events" || { cat "$dir/events"; false; }
		exec 8>&-
	}
	refused '{"cgroup":"/sys/kernel/debug"}' "cgroup: '/sys/kernel/debug' does not lie below $cg"
	refused "{\"cgroup\":\"$top/../x\"}" "from $cg on, without '..'"
	refused "{\"cgroup\":\"$top/none\"}" "cgroup: there is no control group '$top/none': a path below $cg is needed"
	refused '{"cgroup":"/etc"}' "there is no control group '$cg/etc'"
	refused "{\"cgroup\":\"$cg\"}" "is the root of all control groups: name one below $cg"
	refused "{\"cgroup\":\"$top/one\",\"direction\":\"both\"}" "cgroup: it tells who sends, so 'direction' must be egress"
	refused '{"cgroup":"target"}' "'target' is for a target that is in a control group"
	if [ -d /sys/fs/cgroup/memory ]; then
		refused '{"cgroup":"/sys/fs/cgroup/memory"}' "is a control group of version 1"
	fi
	ip -n "$A" link add br0 type bridge
	ip -n "$A" link add p0 type veth peer name p1
	ip -n "$A" link set p0 master br0 up
	refused "{\"cgroup\":\"$top/one\",\"device\":\"p0\"}" "device p0 is a port of a bridge or bond"
}

@test "a mark is seen by nobody: neither at the device nor in marks and addresses of who is not meant; theirs stay" {
	serve_both
	in_a tc qdisc add dev va clsact
	# Shot is what bears a mark but 0 and 7: ld mark; jeq 0, ok; jeq 7, ok; shot. In BPF 0 is ok and 2 is shot.
	in_a tc filter add dev va egress bpf direct-action bytecode '5,32 0 0 4294963220,21 2 0 0,21 1 0 7,6 0 0 2,6 0 0 0,'
	in_a nft -f - <<-'END'
		table inet mine {
			counter odd { }
			chain out { type route hook output priority mangle; udp dport 7001 meta mark set 7; }
			chain post { type filter hook postrouting priority 2147483640; udp dport 7001 meta mark != 7 counter name odd; }
			chain pre { type filter hook prerouting priority raw; meta mark != 0 counter name odd; }
		}
		table netdev mine {
			counter theirs { }
			chain out { type filter hook egress device "va" priority -300; udp dport 7001 meta mark 7 counter name theirs; }
		}
	END
	ask net.loss "{\"percent\":1,\"cgroup\":\"$top/one\"}" ',"engine":"netdev"'
	between 0 149 "$(peer_in one rtt udp 10.77.0.2 7001 3)"
	spared one 10.77.0.2
	[ "$(peer_in two flood fd77::2 7001 5 1000)" = "nothing told" ]
	revert
	[ "$(figure matched_packets)" -ge 6 ]
	# Those of the other group bear their mark, those that were meant none.
	in_a nft list counter netdev mine theirs | grep -q 'packets 5 '
	ask net.delay "{\"delay\":150000000,\"cgroup\":\"$top/one\"}"
	between 149.9 2000 "$(peer_in one rtt udp fd77::2 7001 3)"
	between 0 149 "$(peer_in two rtt udp 10.77.0.2 7001 3)"
	revert
	in_a nft list counter netdev mine theirs | grep -q 'packets 8 '
	in_a nft list counter inet mine odd | grep -q 'packets 0 '
}
