# net.reset as both ends of a connection see it.

load net

setup() { net_setup; }
teardown() { net_teardown; }

# keeps A|B FILE ADDRESS PORT: a connection that talks all the time; its end is the last line of the file.
keeps() {
	local ns=$A
	[ "$1" = A ] || ns=$B
	background "$dir/$2" ip netns exec "$ns" sh -c "echo up; exec python3 $SOURCE_DIR/tests/root/net_peer.py keep $3 $4 ${5:-4}"
}

# The connections that stand, as the kernel lists them.
connected() { in_a ss -Htn state established "$@" | wc -l; }
all_connected() {
	for _ in $(seq 100); do [ "$(connected)" -ge "$1" ] && return 0; sleep .05; done
	return 1
}

# told FILE WORD: what became of that connection.
told() {
	for _ in $(seq 120); do [ "$(tail -n +2 "$dir/$1" | wc -l)" -gt 0 ] && break; sleep .05; done
	grep -q "^$2" "$dir/$1" || { echo "$1:"; cat "$dir/$1"; return 1; }
}

@test "established connections end on both sides, both families, and of IPv6 sockets to IPv4 peers" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7002
	serve_a 10.77.0.1 7003
	serve_a fd77::1 7004
	keeps A four 10.77.0.2 7001
	keeps A six fd77::2 7002
	keeps A mapped ::ffff:10.77.0.2 7001
	keeps B four-in 10.77.0.1 7003
	keeps B six-in fd77::1 7004
	all_connected 5
	ask net.reset '{}'
	for conn in four six mapped; do told $conn ECONNABORTED; done
	for conn in four-in six-in; do told $conn ECONNRESET; done
	# Who listens goes on, and the next connection is as good as any.
	peer_a connect 10.77.0.2 7001
	peer_b connect 10.77.0.1 7003
	peer_b connect fd77::1 7004
	exec 8>&-
	ended 0
	grep -q '"residue":-1' "$dir/events"
	[ "$(figure matched_connections)" = 5 ]
	[ "$(figure reset_connections)" = 5 ]
	[ "$(figure refused_connections)" = 0 ]
	[ "$(figure rounds)" = 1 ]
}

@test "by the peer's address and port, by our own, and what is excluded comes first" {
	serve_b 10.77.0.2 7001
	serve_b 10.77.0.2 7002
	serve_b fd77::2 7001
	serve_a 10.77.0.1 7003
	keeps A hit 10.77.0.2 7001
	keeps A port 10.77.0.2 7002
	keeps A family fd77::2 7001
	keeps B served 10.77.0.1 7003
	all_connected 4
	ask net.reset '{"to":["10.77.0.0/28:7000-7001/tcp"]}'
	told hit ECONNABORTED
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 1 ]
	# Of the server here: its own end has the port. The peers at 7001 are left alone.
	ask net.reset '{"local":[":7003"]}'
	told served ECONNRESET
	exec 8>&-
	ended 0
	ask net.reset '{"exclude":["[fd77::/64]:7001"],"to":[":7001",":7002"]}'
	told port ECONNABORTED
	told family alive
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 1 ]
}

@test "a share of them, never none" {
	serve_b 10.77.0.2 7001
	background "$dir/many" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" many 10.77.0.2 7001 40 2
	ask net.reset '{"percent":250000}'
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 40 ]
	[ "$(figure reset_connections)" = 10 ]
	for _ in $(seq 100); do grep -q alive "$dir/many" && break; sleep .05; done
	grep -q 'alive 30 of 40' "$dir/many"
	keeps A one 10.77.0.2 7001
	all_connected 1
	ask net.reset '{"percent":10000}'
	told one ECONNABORTED
	exec 8>&-
	ended 0
}

@test "repeat: a connection that comes back is hit again, and no more after the end" {
	serve_b 10.77.0.2 7001
	background "$dir/again" in_a sh -c "echo; exec python3 $SOURCE_DIR/tests/root/net_peer.py again 10.77.0.2 7001 4"
	all_connected 1
	ask net.reset '{"to":[":7001"],"repeat":200000000}'
	sleep 1.5
	exec 8>&-
	ended 0
	cat "$dir/events"
	between 5 9 "$(figure rounds)"
	between 2 9 "$(figure reset_connections)"
	keeps A after 10.77.0.2 7001 1
	told after alive
	for _ in $(seq 100); do grep -q cut "$dir/again" && break; sleep .05; done
	[ "$(cat "$dir/again" | tr -d '\n')" = "cut $(figure reset_connections) ECONNABORTED" ]
}

@test "both ends here: one that is left alone saves the other" {
	serve_a 127.0.0.1 7001
	serve_a ::1 7002
	keeps A hit 127.0.0.1 7001
	keeps A spared ::1 7002
	all_connected 4
	port=$(in_a ss -Htn state established dst '[::1]:7002' | awk '{sub(/.*:/, "", $3); print $3}')
	ask net.reset "{\"exclude\":[\"[::1]:$port/tcp\"]}"
	told hit ECONN # of the two ends the one that comes first takes the other along
	told spared alive
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 2 ]
	[ $(($(figure reset_connections) + $(figure gone_connections))) = 2 ]
}

@test "nothing matched: in force, and the figures say so" {
	ask net.reset '{"to":[":7999"]}'
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 0 ]
	[ "$(figure reset_connections)" = 0 ]
}

@test "the caller's SSH connection lives, unless it was said that it need not" {
	serve_b 10.77.0.2 7001
	keeps A ssh 10.77.0.2 7001 3
	keeps A other 10.77.0.2 7001
	all_connected 2
	export SSH_CONNECTION="10.77.0.2 7001 10.77.0.1 22"
	port=7001
	ask net.reset '{}'
	grep -q "leaves 10.77.0.2:$port/tcp alone" "$dir/events"
	exec 8>&-
	ended 0
	[ "$(figure matched_connections)" = 0 ]
	ask net.reset '{}' ',"cut_me_off":true'
	told ssh ECONNABORTED
	told other ECONNABORTED
	exec 8>&-
	ended 0
}

@test "what cannot be meant is refused by name: all of one's own network, and what is no TCP" {
	local request='{"protocol":1,"op":"add","lease":"whole","fault":"net.reset","args":%s,"target":{"host":true},"hold_ns":1000000,"seed":1%s}\n'
	# shellcheck disable=SC2059
	run sh -c "printf '$request' '{}' '' | ip netns exec $A $injector"
	[[ "$output" == *'"code":"guard"'* && "$output" == *"whole host"* ]]
	# shellcheck disable=SC2059
	run sh -c "(printf '$request' '{}' ',\"whole_host\":true'; sleep 1) | ip netns exec $A $injector"
	[[ "$output" == *'"injected"'* ]]
	# shellcheck disable=SC2059
	run sh -c "(printf '$request' '{\"local\":[\":9\"]}' ''; sleep 1) | ip netns exec $A $injector"
	[[ "$output" == *'"injected"'* ]]
	run ask net.reset '{"to":[":53/udp"]}'
	[ "$status" != 0 ]
	grep -q "':53/udp' is no TCP" "$dir/events"
}

@test "doctor: says that it can run, or why not" {
	local ask='{"protocol":1,"op":"doctor"}'
	echo "$ask" | "$injector" | jq -e '.faults[] | select(.fault == "net.reset") | .available'
	run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "echo '$ask' | $injector"
	[[ "$output" == *'needs CAP_NET_ADMIN'* || "$status" = 126 || "$status" = 127 ]]
}
