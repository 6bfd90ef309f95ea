# Several faults at one device: each packet passes each once, and none knows of the others.

load net

setup() { net_setup; }
teardown() { net_teardown; }

# end_of 8|9: that one of the two ends, in order.
end_of() {
	holder=$two
	if [ "$1" = 8 ]; then
		holder=$one
		exec 8>&-
	else
		exec 9>&-
	fi
	ended 0
}

rtt() { peer_a rtt udp "$1" 7001 5; }

@test "an experiment delays one target twice, by different times for different peers" {
	whole_runs
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	cat >"$dir/run.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: twice}
spec:
  hypothesis: It does not matter.
  probes:
    - {name: there, every: 100ms, timeout: 1s, exec: {command: [/bin/true]}}
  steadyState: [there.ok_ratio >= 0.5 over 300ms]
  faults:
    - {name: slow, net.delay: {delay: 20ms}, target: {netns: $A}, for: 8s}
    - {name: slower, net.delay: {delay: 30ms, to: [10.77.0.2]}, target: {netns: $A}, for: 8s}
  objectives: [recover(after_rollback) within 5s hold 100ms]
  recovery: 6s
  limits: {targets: 1, duration: 20s}
END
	background "$dir/said" ip netns exec "$A" "$ordeal" run "$dir/run.yaml" -o "$dir/out"
	run=${started[-1]}
	for _ in $(seq 200); do [ "$(grep -c ': injected' "$dir/said")" = 2 ] && break; sleep .05; done
	cat "$dir/said"
	between 49.9 60 "$(rtt 10.77.0.2)"
	between 19.9 30 "$(rtt fd77::2)"
	code=0
	wait "$run" || code=$?
	cat "$dir/said"
	[ "$code" = 0 ]
	between 0 15 "$(rtt 10.77.0.2)"
}

@test "two delays on one device add up, in both families, and go in either order" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7001
	for first in 8 9; do
		ask net.delay '{"delay":20000000}'
		one=$holder
		ask2 net.delay '{"delay":30000000}'
		two=$holder
		grep -q 'ordeal-net-va.1' "$dir/events"
		grep -q 'ordeal-net-va.2' "$dir/events2"
		for host in 10.77.0.2 fd77::2; do between 49.9 60 "$(rtt $host)"; done
		rest="29.9 40"
		[ $first = 8 ] || rest="19.9 30"
		end_of $first
		for host in 10.77.0.2 fd77::2; do between $rest "$(rtt $host)"; done
		end_of $((17 - first))
		between 0 15 "$(rtt 10.77.0.2)"
		grep -q '"residue":0' "$dir/events"
		grep -q '"residue":0' "$dir/events2"
	done
}

@test "one of two is killed: the other stays, and a third takes its rank" {
	serve_b 10.77.0.2 7001
	ask net.delay '{"delay":20000000}'
	one=$holder
	ask2 net.delay '{"delay":30000000}'
	kill -KILL "$one"
	sleep .2
	between 29.9 40 "$(rtt 10.77.0.2)"
	exec 8>&-
	ask net.delay '{"delay":40000000}'
	grep -q 'ordeal-net-va.1' "$dir/events"
	between 69.9 80 "$(rtt 10.77.0.2)"
	revert
	between 29.9 40 "$(rtt 10.77.0.2)"
	exec 9>&-
}

@test "a packet that has been through is not taken again: the counters say once each" {
	ask net.delay '{"delay":1000000,"to":["10.77.0.2/icmp"]}'
	one=$holder
	ask2 net.delay '{"delay":1000000,"to":["10.77.0.2/icmp"]}'
	in_a ping -q -c 20 -i 0.01 10.77.0.2
	exec 9>&-
	for _ in $(seq 100); do grep -q reverted "$dir/events2" && break; sleep .02; done
	grep -q '"matched_packets":20[,}]' "$dir/events2"
	holder=$one
	revert
	[ "$(figure matched_packets)" = 20 ]
}

@test "two delays on incoming packets, and on loopback, add up" {
	serve_b 10.77.0.2 7001
	serve_a ::1 7002
	ask net.delay '{"delay":20000000,"direction":"ingress","to":["10.77.0.2:7001"]}'
	one=$holder
	ask2 net.delay '{"delay":30000000,"direction":"ingress","to":["10.77.0.2:7001"]}'
	between 49.9 60 "$(rtt 10.77.0.2)"
	exec 9>&-
	holder=$one
	revert
	ask net.delay '{"delay":20000000,"to":[":7002/udp"],"device":"lo"}'
	one=$holder
	ask2 net.delay '{"delay":30000000,"to":[":7002/udp"],"device":"lo"}'
	between 49.9 60 "$(peer_a rtt udp ::1 7002 5)"
	exec 9>&-
	holder=$one
	revert
}

@test "losses beside a delay are drawn once a packet" {
	background "$dir/count" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" count 10.77.0.2 7003 4 4000
	ask net.delay '{"delay":5000000}'
	one=$holder
	ask2 net.loss '{"percent":500000,"device":"va"}' ',"engine":"netdev"'
	peer_a flood 10.77.0.2 7003 4000 200
	for _ in $(seq 300); do grep -q received "$dir/count" && break; sleep .02; done
	# 1e-9 of such draws leave these bounds; drawn twice, a quarter would arrive.
	between 1810 2190 "$(sed -n 's/received \([0-9]*\) of.*/\1/p' "$dir/count")"
	exec 9>&-
	holder=$one
	revert
}

@test "200 faults at once, of six kinds at two devices, each reverted alone, in a drawn order" {
	ip link add vc netns "$A" type veth peer name vd netns "$B"
	address "$A" vc 1 79
	address "$B" vd 2 79
	for _ in $(seq 100); do ip -n "$A" link show vc | grep -q 'state UP' && break; sleep .02; done
	coproc echo_b { ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_many.py" echo 20000 200; }
	started+=("$echo_b_PID")
	read -r line <&"${echo_b[0]}"
	[ "$line" = ready ]
	in_a python3 "$SOURCE_DIR/tests/root/net_many.py" run "$injector" "$A" 20000 200 >"$dir/many" || {
		cat "$dir/many"
		return 1
	}
	cat "$dir/many" >&3
	[ -z "$(in_a nft list ruleset)" ]
	[ "$(in_a ip -o link | wc -l)" = 3 ]
}
