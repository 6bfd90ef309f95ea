# The effects of the emulator as the packets see them: lost, duplicated, corrupted, reordered, slowed down. Each in IPv4
# and IPv6, by the detour (what leaves) and by the queue (what comes in) where the queue can do it.

load net

setup() { net_setup; }
teardown() { net_teardown; }

# tell ADDRESS N [SIZE]: numbered packets from A to B, one each 200 us, and what B counted of them, in $dir/count.
tell() {
	background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count "$1" 7009 15 "$2"
	peer_a flood "$1" 7009 "$2" 200 "${3:-64}" >/dev/null
	counted
}

# hear ADDRESS N [SIZE]: the same from B to A.
hear() {
	background "$dir/count" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" count "$1" 7009 15 "$2"
	peer_b flood "$1" 7009 "$2" 200 "${3:-64}" >/dev/null
	counted
}

counted() {
	for _ in $(seq 350); do grep -q received "$dir/count" && break; sleep .05; done
	grep received "$dir/count"
}
arrived() { sed -n 's/received \([0-9]*\) of .*/\1/p' "$dir/count"; }
queued() { grep -q '"engine":"queue"' "$dir/events"; }

@test "loss: 10 % of the packets, by the emulator, both families and both ways; counted" {
	for host in 10.77.0.2 fd77::2; do
		ask net.loss '{"percent":100000,"to":[":7009/udp"]}'
		grep -q '"engine":"detour' "$dir/events"
		tell $host 3000
		revert
		[ $((3000 - $(arrived))) = "$(figure lost)" ]
		between 235 370 "$(figure lost)"
		[ "$(figure packets)" = 3000 ]
	done
	for host in 10.77.0.1 fd77::1; do
		ask net.loss '{"percent":100000,"to":["10.77.0.2","fd77::2"],"direction":"ingress"}'
		queued
		hear $host 3000
		revert
		[ $((3000 - $(arrived))) = "$(figure lost)" ]
		between 235 370 "$(figure lost)"
	done
}

@test "loss: the same seed loses the same packets, by detour and by queue; another seed others" {
	ask net.loss '{"percent":200000,"seed":5}'
	tell 10.77.0.2 500
	revert
	first=$(figure lost)
	ask net.loss '{"percent":200000,"direction":"ingress","seed":5}'
	hear 10.77.0.1 500
	revert
	[ "$(figure lost)" = "$first" ]
	ask net.loss '{"percent":200000,"seed":6}'
	tell 10.77.0.2 500
	revert
	[ -n "$first" ]
	[ "$(figure lost)" != "$first" ]
}

@test "loss of 1 % is of packets, not of the 64 KiB that a sender hands over at once" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		ask net.loss '{"percent":10000,"to":[":7001/tcp"]}'
		[ "$(peer_a push $host 7001 16)" = same ]
		revert
		# 16 MiB are 11,600 packets and more; as frames there are less than half as many.
		[ "$(figure packets)" -ge 11500 ]
		[ "$(figure matched_packets)" -lt "$(figure packets)" ]
		[ "$(figure split_frames)" -gt 0 ]
		between 60 200 $(($(figure lost) * 11600 / $(figure packets)))
	done
}

@test "loss in runs: markov and gilbert lose what they say" {
	ask net.loss '{"model":"markov","p13":50000,"p31":450000,"to":[":7009/udp"]}'
	tell 10.77.0.2 4000
	revert
	between 280 520 "$(figure lost)"
	ask net.loss '{"model":"gilbert","p":20000,"r":180000,"1-h":1000000,"1-k":0,"to":[":7009/udp"]}'
	tell fd77::2 4000
	revert
	between 200 620 "$(figure lost)"
}

@test "loss with ecn: what can be marked is, and arrives" {
	in_a sysctl -q -w net.ipv4.tcp_ecn=1
	in_b sysctl -q -w net.ipv4.tcp_ecn=1
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		before=$(in_b nstat -az IpExtInCEPkts Ip6InCEPkts | awk '/CEPkts/ {n += $2} END {print n}')
		ask net.loss '{"percent":50000,"ecn":1,"to":[":7001/tcp"]}'
		[ "$(peer_a push $host 7001 8)" = same ]
		revert
		[ "$(figure marked)" -gt 50 ]
		after=$(in_b nstat -az IpExtInCEPkts Ip6InCEPkts | awk '/CEPkts/ {n += $2} END {print n}')
		[ $((after - before)) -gt 0 ]
	done
	[ "$(in_b nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')" = 0 ]
}

@test "duplicate: a share arrives twice, and a stream is the same" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		before=$(in_b cat /proc/net/snmp /proc/net/snmp6 | awk '/^Udp: [0-9]/ {n += $2} /^Udp6InDatagrams/ {n += $2} END {print n}')
		ask net.duplicate '{"percent":250000}'
		tell $host 2000
		[ "$(peer_a push $host 7001 4)" = same ]
		revert
		after=$(in_b cat /proc/net/snmp /proc/net/snmp6 | awk '/^Udp: [0-9]/ {n += $2} /^Udp6InDatagrams/ {n += $2} END {print n}')
		grep -q 'received 2000 of 2000' "$dir/count"
		# The first ends once all numbers are there; a copy of the last may come after that.
		between 2370 2640 $((after - before + 1))
		[ "$(figure duplicated)" -gt 400 ]
	done
}

@test "duplicate: not by a queue, and the reason is told" {
	run ask net.duplicate '{"percent":1000,"direction":"ingress"}'
	[ "$status" != 0 ]
	grep -q 'cannot send a packet twice' "$dir/events"
	run ask net.duplicate '{"percent":1000,"device":"lo"}'
	[ "$status" != 0 ]
	grep -q 'cannot send a packet twice' "$dir/events"
}

@test "corrupt: who receives it notices by the checksum; by the detour, partial ones completed" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		before=$(in_b nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
		ask net.corrupt '{"percent":20000,"to":[":7001/tcp"]}'
		[ "$(peer_a push $host 7001 8)" = same ]
		revert
		after=$(in_b nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
		[ "$(figure corrupted)" -gt 50 ]
		# Some bits are in the IP header, which has a checksum of its own, or of the address.
		[ $((after - before)) -gt $(($(figure corrupted) / 2)) ]
	done
}

@test "corrupt: by the queue, what comes in and loopback" {
	serve_a 10.77.0.1 7001
	serve_a fd77::1 7001
	serve_a 127.0.0.1 7002
	for host in 10.77.0.1 fd77::1; do
		before=$(in_a nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
		ask net.corrupt '{"percent":20000,"direction":"ingress"}'
		queued
		[ "$(peer_b push $host 7001 8)" = same ]
		revert
		after=$(in_a nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
		[ "$(figure corrupted)" -gt 50 ]
		[ $((after - before)) -gt $(($(figure corrupted) / 2)) ]
	done
	before=$(in_a nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
	ip -n "$A" link set lo mtu 16000
	ask net.corrupt '{"percent":20000,"to":["127.0.0.1:7002/tcp"]}'
	[ "$(peer_a push 127.0.0.1 7002 8)" = same ]
	revert
	after=$(in_a nstat -az TcpInCsumErrors | awk '/Tcp/ {print $2}')
	[ $((after - before)) -gt 0 ]
}

@test "corrupt: a packet longer than the queue can give back passes as it is, and is counted" {
	serve_a ::1 7002
	ip -n "$A" link set lo mtu 65536
	ask net.corrupt '{"percent":300000,"to":["[::1]:7002/tcp"]}'
	[ "$(peer_a push ::1 7002 16)" = same ]
	revert
	[ "$(figure unchanged)" -gt 5 ]
}

@test "reorder: some overtake the others, which are late; a stream is the same" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		ask net.reorder '{"percent":250000,"delay":10000000}'
		tell $host 1000
		grep -q 'received 1000 of 1000, order broken' "$dir/count"
		[ "$(peer_a push $host 7001 4)" = same ]
		revert
		[ "$(figure reordered)" -gt 200 ]
	done
	ask net.reorder '{"percent":250000,"delay":10000000,"direction":"ingress"}'
	hear 10.77.0.1 1000
	grep -q 'received 1000 of 1000, order broken' "$dir/count"
	revert
	ask net.reorder '{"percent":1000000,"gap":5,"delay":10000000,"to":[":7009/udp"]}'
	tell 10.77.0.2 1000
	revert
	between 195 205 "$(figure reordered)"
}

# metered LOW HIGH LISTENER SENDER ADDRESS: bytes a second on the wire of what arrives of 5 MB/s. On a busy machine the
# sender stalls now and then: one of three must be within.
metered() {
	local low=$1 high=$2
	shift 2
	for _ in 1 2 3; do
		between "$low" "$high" "$(meter_once "$@")" && return 0
	done
	return 1
}

meter_once() {
	rm -f "$dir/meter" "$dir/flood"
	background "$dir/meter" ip netns exec "$1" python3 "$SOURCE_DIR/tests/root/net_peer.py" meter "$3" 7009 2
	background "$dir/flood" sh -c "echo; exec ip netns exec $2 python3 $SOURCE_DIR/tests/root/net_peer.py flood $3 7009 15000 200 1000"
	for _ in $(seq 200); do [ "$(wc -l <"$dir/meter")" = 2 ] && break; sleep .05; done
	sed -n 2p "$dir/meter"
}

@test "rate: within 2 % of what is asked, both families and both ways; what is beyond the limit is dropped" {
	for host in 10.77.0.2 fd77::2; do
		ask net.rate '{"rate":1000000,"limit":262144,"to":[":7009/udp"]}'
		metered 980000 1020000 "$B" "$A" $host
		revert
		[ "$(figure dropped_limit)" -gt 100 ]
	done
	for host in 10.77.0.1 fd77::1; do
		ask net.rate '{"rate":1000000,"limit":262144,"direction":"ingress"}'
		queued
		metered 980000 1020000 "$A" "$B" $host
		revert
	done
}

@test "rate: overhead and cells count, a bucket lets a burst through" {
	# 1042 bytes on the wire are 22 cells of 48 bytes, each with 5 more: 1166.
	ask net.rate '{"rate":1000000,"limit":262144,"cell-size":48,"cell-overhead":5,"to":[":7009/udp"]}'
	metered 875000 912000 "$B" "$A" 10.77.0.2
	revert
	ask net.rate '{"rate":1000000,"limit":262144,"burst":65536,"to":[":7009/udp"]}'
	metered 980000 1052000 "$B" "$A" fd77::2
	revert
}

@test "rate: a stream is the same, with frames of many packets too" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		ask net.rate '{"rate":10000000,"limit":262144}'
		began=$EPOCHREALTIME
		[ "$(peer_a push $host 7001 8)" = same ]
		awk -v b="$began" -v e="$EPOCHREALTIME" 'BEGIN {exit !(e - b > 8 * 1048576 / 10000000)}'
		revert
		[ "$(figure packets)" -gt 5700 ]
	done
}

@test "impair: several effects on the same packets" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for host in 10.77.0.2 fd77::2; do
		ask net.impair '{"delay":20000000,"jitter":2000000,"distribution":"normal","loss":50000,"duplicate":50000,"corrupt":10000,"reorder":20000,"rate":12500000}'
		between 14 40 "$(peer_a rtt tcp $host 7001 10)"
		tell $host 1000
		[ "$(peer_a push $host 7001 1)" = same ]
		revert
		for f in lost duplicated corrupted reordered; do [ "$(figure $f)" -gt 0 ]; done
	done
	ask net.impair '{"delay":20000000,"loss":50000,"direction":"ingress"}'
	queued
	hear fd77::1 1000
	revert
	between 20 90 "$(figure lost)"
}

@test "jitter by a table: the file's distribution, which everybody must be able to read" {
	{ echo '# two values'; yes -- -8192 | head -1000; yes 8192 | head -1000; } >"$dir/two.dist"
	chmod 755 "$dir"
	chmod 644 "$dir/two.dist"
	serve_b 10.77.0.2 7001
	ask net.delay "{\"delay\":30000000,\"jitter\":20000000,\"distribution\":\"file\",\"distribution-file\":\"$dir/two.dist\"}"
	for _ in $(seq 12); do peer_a rtt udp 10.77.0.2 7001 1; done | sort -n >"$dir/times"
	cat "$dir/times"
	between 9.9 29 "$(head -1 "$dir/times")"
	between 49.9 200 "$(tail -1 "$dir/times")"
	revert
	chmod 600 "$dir/two.dist"
	run ask net.delay "{\"delay\":30000000,\"jitter\":20000000,\"distribution\":\"file\",\"distribution-file\":\"$dir/two.dist\"}"
	[ "$status" != 0 ]
	grep -q 'everybody may read' "$dir/events"
}

@test "revert loses nothing that was held, with effects: reorder and duplicate by the detour, jitter by the queue" {
	background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7001 6 1000
	ask net.impair '{"delay":300000000,"jitter":100000000,"duplicate":100000,"reorder":100000}'
	background "$dir/flood" sh -c "echo; exec ip netns exec $A python3 $SOURCE_DIR/tests/root/net_peer.py flood 10.77.0.2 7001 1000 1000"
	sleep .9
	revert
	counted
	grep -q 'received 1000 of 1000' "$dir/count"
	[ "$(figure packets)" -ge 50 ]
	background "$dir/count" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.1 7001 6 1000
	ask net.delay '{"delay":300000000,"jitter":100000000,"direction":"ingress"}'
	background "$dir/flood" sh -c "echo; exec ip netns exec $B python3 $SOURCE_DIR/tests/root/net_peer.py flood 10.77.0.1 7001 1000 1000"
	sleep .9
	revert
	counted
	grep -q 'received 1000 of 1000' "$dir/count"
	[ "$(figure packets)" -ge 50 ]
}

@test "a TCP connection lives through inject and revert of all of it" {
	serve_b 10.77.0.2 7001
	background "$dir/keep" sh -c "echo; exec ip netns exec $A python3 $SOURCE_DIR/tests/root/net_peer.py keep 10.77.0.2 7001 3"
	sleep .3
	ask net.impair '{"delay":5000000,"jitter":1000000,"loss":10000,"duplicate":100000,"corrupt":10000,"reorder":100000,"rate":1000000}'
	sleep 1
	revert
	for _ in $(seq 100); do grep -q . <(sed 1d "$dir/keep") && break; sleep .05; done
	grep -q alive "$dir/keep"
}

@test "what nftables alone cannot do is refused for its engines, with the reason" {
	for more in '"seed":3' '"correlation":100000' '"ecn":1'; do
		run ask net.loss "{\"percent\":10000,$more}" ',"engine":"netdev"'
		[ "$status" != 0 ]
		grep -q 'engine netdev draws each loss in the kernel' "$dir/events"
	done
	ask net.loss '{"percent":100000}' ',"engine":"netdev"'
	grep -q '"engine":"netdev"' "$dir/events"
	revert
	ask net.loss '{"percent":1000000}'
	grep -q '"engine":"netdev"' "$dir/events"
	revert
}
