# net.down: the link is down, and afterwards everything that the kernel threw away with it is there again, by whoever reverts.

load net

setup() { net_setup; }
teardown() { net_teardown; }

# Addresses with and without a lifetime, peers, duplicate detection; routes by device, gateway, several ways, in other
# tables, with metrics, sources and sizes, before and after others of the same destination; neighbours, a proxy.
furnish() {
	ip -n "$A" addr add 10.77.0.9/24 dev va label va:1
	ip -n "$A" addr add fd77:1::9/64 dev va nodad valid_lft 1000 preferred_lft 500
	ip -n "$A" addr add fd77:2::1 peer fd77:2::2 dev va nodad
	ip -n "$A" addr add fd77:3::1/64 dev va noprefixroute nodad
	ip -n "$A" addr add fd77:4::1/64 dev va metric 300
	ip -n "$A" route add 10.9.0.0/16 via 10.77.0.2 metric 50 proto static
	ip -n "$A" route add default via 10.77.0.3
	ip -n "$A" route append default via 10.77.0.2
	ip -n "$A" route add 10.8.0.0/16 dev va table 77 src 10.77.0.9 scope link mtu lock 1300
	ip -n "$A" route add 10.7.0.0/16 nexthop via 10.77.0.2 dev va weight 2 nexthop via 10.77.0.3 dev va
	ip -n "$A" route add 10.6.0.0/16 via inet6 fd77::2 dev va
	ip -n "$A" route add 10.99.0.1 via 10.5.5.5 dev va onlink
	ip -n "$A" -6 route add fd09::/64 via fd77::2 metric 77
	ip -n "$A" -6 route add default via fe80::1 dev va
	ip -n "$A" -6 route add fd0a::/64 via fd77::2 dev va table 88 expires 900
	ip -n "$A" -6 route add fd0b::/64 nexthop via fd77::2 dev va weight 3 nexthop via fd77::3 dev va
	ip -n "$A" neigh add 10.77.0.7 lladdr 02:00:00:00:00:07 dev va nud permanent
	ip -n "$A" neigh add fd77::7 lladdr 02:00:00:00:00:07 dev va router nud permanent
	ip -n "$A" neigh add proxy 10.77.0.8 dev va
	ip -n "$A" neigh add proxy fd77::8 dev va
	# Its address has been looked for among the neighbours.
	for _ in $(seq 60); do ip -n "$A" addr show dev va tentative | grep -q fd77:4 || break; sleep .05; done
	ip -n "$A" -6 route add fd0c::/64 via fd77::2 src fd77:4::1
}

# In order, as an administrator sees it; lifetimes are looked at by themselves.
furniture() {
	{
		ip -n "$A" -d addr show dev va
		ip -n "$A" -d route show table all
		ip -n "$A" -d -6 route show table all
		ip -n "$A" neigh show nud permanent
		ip -n "$A" neigh show proxy
	} | sed -E 's/(valid_lft|preferred_lft|expires) [0-9]+sec/\1 some/g'
}

as_before() {
	for _ in $(seq 60); do
		furniture >"$dir/after"
		cmp -s "$dir/before" "$dir/after" && return 0
		sleep .05
	done
	diff "$dir/before" "$dir/after"
}

up() { ip -n "$A" link show va | grep -q '[<,]UP[,>]'; }
down() { ! up; }
lease() { echo "n$$-$BATS_TEST_NUMBER-8"; }
guardian() { sed -n 's/.*"guardian":\[ *\([0-9]*\),.*/\1/p' "/run/ordeal/undo/$(lease).json"; }

both_killed() {
	local g
	g=$(guardian)
	[ -n "$g" ]
	kill -STOP "$g" "$holder"
	kill -KILL "$g" "$holder"
	wait "$holder" || true
}

# The lease has ended by itself.
over() {
	for _ in $(seq 100); do grep -q '"event":"reverted"' "$dir/events" && return 0; sleep .05; done
	return 1
}

rescue() { printf '{"protocol":1,"op":"rescue","lease":"%s"}\n' "$(lease)" | "$injector" >"$dir/rescued"; }

@test "down: packets of both families stop and come back, TCP lives on" {
	serve_b fd77::2 7001
	background "$dir/keep" in_a sh -c "echo; exec python3 $SOURCE_DIR/tests/root/net_peer.py keep fd77::2 7001 3"
	for _ in $(seq 200); do in_a ss -Htn state established dst '[fd77::2]:7001' | grep -q . && break; sleep .02; done
	sleep .1
	ask net.down '{"device":"va"}'
	down
	for host in 10.77.0.2 fd77::2; do
		run in_a ping -c 1 -W 1 $host
		[ "$status" != 0 ]
	done
	# The other end has no carrier.
	ip -n "$B" link show vb | grep -q NO-CARRIER
	revert
	in_a ping -c 1 -W 1 10.77.0.2
	in_a ping -c 2 -W 1 fd77::2
	# TCP asks at ever longer intervals.
	for _ in $(seq 240); do grep -q '[a-zA-Z]' "$dir/keep" && break; sleep .05; done
	cat "$dir/keep"
	in_a ss -tnio
	in_b ss -tnio
	grep -q alive "$dir/keep"
}

@test "down: addresses, routes and neighbours are as before" {
	furnish
	furniture >"$dir/before"
	ask net.down '{"device":"va"}'
	cat "$dir/events"
	grep -q '"objects":\["device va is down; .* 5 IPv6 addresses, 12 routes, 4 neighbours"' "$dir/events"
	down
	[ -z "$(ip -n "$A" -6 route show table all dev va)" ]
	sleep 1.2
	revert
	as_before
	# Time has gone on.
	between 900 999 "$(ip -n "$A" addr show dev va to fd77:1::9 | sed -n 's/.*valid_lft \([0-9]*\)sec.*/\1/p')"
	between 400 499 "$(ip -n "$A" addr show dev va to fd77:1::9 | sed -n 's/.*preferred_lft \([0-9]*\)sec.*/\1/p')"
	between 800 899 "$(ip -n "$A" -6 route show table 88 | sed -n 's/.*expires \([0-9]*\)sec.*/\1/p')"
}

@test "down: the guardian puts all back when the holder is killed" {
	furnish
	furniture >"$dir/before"
	ask net.down '{"device":"va"}'
	down
	kill -KILL "$holder"
	as_before
	in_a ping -c 1 -W 1 10.77.0.2
}

@test "down: rescue does where both were killed, and what has expired meanwhile is not put back" {
	ip -n "$A" addr add fd77:5::1/64 dev va nodad valid_lft 2 preferred_lft 1
	ask net.down '{"device":"va"}'
	both_killed
	sleep 2.2
	down
	rescue
	cat "$dir/rescued"
	grep -q '"action":"reverted".*"residue":0' "$dir/rescued"
	in_a ping -c 1 -W 1 10.77.0.2
	in_a ping -c 2 -W 1 fd77::2
	[ -z "$(ip -n "$A" addr show dev va to fd77:5::1)" ]
}

@test "down: what a router taught is learned again, and that is said" {
	ip -n "$B" link set vb addrgenmode eui64
	ip -n "$B" addr add fe80::b/64 dev vb nodad
	background "$dir/router" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" advertise vb fd99::
	ip -n "$A" link set va down
	ip -n "$A" link set va addrgenmode eui64 up
	taught() { ip -n "$A" -6 route show default | grep -q 'proto ra' && ip -n "$A" addr show dev va | grep -q 'inet6 fd99:'; }
	for _ in $(seq 200); do taught && break; sleep .05; done
	taught || skip "this kernel takes no advertisements: $(cat "$dir/router")"
	ask net.down '{"device":"va"}'
	grep -q 'were learned by router advertisements' "$dir/events"
	run taught
	[ "$status" = 1 ]
	revert
	for _ in $(seq 200); do taught && break; sleep .05; done
	taught
}

@test "down: ordeal rescue" {
	[ -x "$BUILD_DIR/cli/ordeal" ] || skip "$BUILD_DIR/cli/ordeal is not built"
	furnish
	furniture >"$dir/before"
	ask net.down '{"device":"va"}'
	both_killed
	down
	ORDEAL_INJECTOR=$injector "$BUILD_DIR/cli/ordeal" rescue
	as_before
}

@test "down: by its index, when it was renamed" {
	ask net.down '{"device":"va"}'
	down
	ip -n "$A" link set va name other
	revert
	ip -n "$A" link show other | grep -q '[<,]UP[,>]'
	ip -n "$A" addr show other | grep -q 'inet6 fd77::1/64'
}

@test "down: somebody else who sets it up ends it, and finds all that went with it" {
	furnish
	furniture >"$dir/before"
	ask net.down '{"device":"va"}'
	ip -n "$A" link set va up
	over
	ended 1
	grep -q "somebody else set device 'va' up" "$dir/events"
	grep -q '"residue":0' "$dir/events"
	as_before
}

@test "down: whom somebody set up and down again stays down, and that is said" {
	ask net.down '{"device":"va"}'
	both_killed
	ip -n "$A" link set va up
	sleep .1
	ip -n "$A" link set va down
	rescue
	cat "$dir/rescued"
	grep -q 'device va: somebody set it up and down again meanwhile: it stays down' "$dir/rescued"
	down
}

@test "down: a device that is deleted meanwhile is gone, and another of its name is left alone" {
	ask net.down '{"device":"va"}'
	ip -n "$A" link del va
	ip -n "$A" link add va type veth peer name vz
	over
	ended 0
	grep -q '"cause":"target-gone"' "$dir/events"
	down
}

@test "down: a port of a bridge" {
	ip -n "$A" link add name br0 type bridge
	ip -n "$A" link set br0 addrgenmode none up
	ip -n "$A" addr flush dev va
	ip -n "$A" link set va master br0
	ip -n "$A" addr add 10.77.0.1/24 dev br0
	for _ in $(seq 100); do in_a ping -c 1 -W 1 10.77.0.2 && break; done
	ask net.down '{"device":"va"}'
	run in_a ping -c 1 -W 1 10.77.0.2
	[ "$status" != 0 ]
	revert
	in_a ping -c 2 -W 1 10.77.0.2
	ip -n "$A" -d link show va | grep -q 'master br0'
}

@test "down: what could not be put back is refused before" {
	run ask net.down '{"device":"nope"}'
	[ "$status" = 1 ]
	grep -q "there is no device 'nope'" "$dir/events"
	ip -n "$A" nexthop add id 7 via 10.77.0.2 dev va
	ip -n "$A" route add 10.9.0.0/16 nhid 7
	run ask net.down '{"device":"va"}'
	[ "$status" = 1 ]
	grep -q 'route to 10.9.0.0 goes by a nexthop object' "$dir/events"
	up
	ip -n "$A" nexthop del id 7
	ip -n "$A" link set va down
	run ask net.down '{"device":"va"}'
	[ "$status" = 1 ]
	grep -q "device 'va' is down" "$dir/events"
}

@test "down: a device under a VLAN is refused, the VLAN is not" {
	ip -n "$A" link add link va name va.5 type vlan id 5 2>/dev/null || skip "this kernel has no VLAN devices (CONFIG_VLAN_8021Q)"
	ip -n "$A" link set va.5 up
	run ask net.down '{"device":"va"}'
	[ "$status" = 1 ]
	grep -q "'va.5' is a VLAN on 'va'" "$dir/events"
	ask net.down '{"device":"va.5"}'
	run ip -n "$A" link show va.5 up
	[ -z "$output" ]
	revert
	ip -n "$A" link show va.5 up | grep -q va.5
}

# The injector in the namespace that it is to change: whoever asks sits there.
from_a() {
	printf '#!/bin/sh\n[ -z "$SSH" ] || export SSH_CONNECTION="$SSH"\nexec ip netns exec %s %s\n' "$A" "$injector" >"$dir/own"
	chmod +x "$dir/own"
	injector=$dir/own
}

@test "down: the way out of one's own network is guarded" {
	from_a
	ip -n "$A" -6 route add default via fd77::2
	run ask net.down '{"device":"va"}'
	[ "$status" = 1 ]
	grep -q "the default route leaves by device 'va' of this machine's own network" "$dir/events"
	up
	run ask net.down '{"device":"lo"}'
	[ "$status" = 1 ]
	grep -q 'everybody needs loopback' "$dir/events"
	ask net.down '{"device":"va"}' ',"whole_host":true'
	down
	revert
}

@test "down: also where the way out leads over a bridge" {
	from_a
	ip -n "$A" link add name br0 type bridge
	ip -n "$A" link set br0 addrgenmode none up
	ip -n "$A" link set va master br0
	ip -n "$A" addr add 10.78.0.1/24 dev br0
	ip -n "$A" route add default via 10.78.0.2
	run ask net.down '{"device":"va"}'
	[ "$status" = 1 ]
	grep -q "the default route leaves by device 'va'" "$dir/events"
	up
}

@test "down: the caller's SSH connection is guarded" {
	from_a
	for peer in 10.77.0.2 fd77::2; do
		SSH="$peer 50000 ::1 22" run ask net.down '{"device":"va"}'
		[ "$status" = 1 ]
		grep -q "your SSH connection from \[\?$peer\]\?:50000/tcp goes over device 'va'" "$dir/events"
		up
	done
	SSH='10.77.0.2 50000 ::1 22' ask net.down '{"device":"va"}' ',"cut_me_off":true'
	down
	revert
	# One that goes another way is none of its business.
	SSH='127.0.0.1 50000 ::1 22' ask net.down '{"device":"va"}'
	down
}
