# In the machine: what sch_netem makes of the effects that engine netem hands to it, beside what engines/fate means by them. Each
# test is shown one that it has to refuse.

load ../root/net

setup() {
	net_setup
	judge=$BUILD_DIR/tests/vm/netem_judge
	[ -x "$judge" ] || skip "$judge is not built"
}
teardown() { net_teardown; }

# as_meant FAULT ARGS N GAP_NS EFFECT: the packets to port 7001 of B, by engine netem. Three times where they are not: a host under
# load stops the machine for a while now and then.
as_meant() {
	for _ in 1 2 3; do
		once "$@" && return 0
	done
	return 1
}
once() {
	local rc=0
	ask "$1" "{$2,\"device\":\"va\",\"to\":[\":7001/udp\"]}" ',"engine":"netem"' || { cat "$dir/events"; return 1; }
	"$judge" "$A" "$B" 10.77.0.2 "$3" "$4" "$5" >"$dir/said" || rc=1
	echo "# $5: $(cat "$dir/said")" >&3
	revert || return 1
	return $rc
}

# The same, which is not what is meant.
differs() {
	if once "$@"; then
		echo "this was to be noticed"
		return 1
	fi
	grep -q 'NOT as meant' "$dir/said"
}

@test "netem's losses: their share, and the runs of both models" {
	as_meant net.loss '"percent":100000' 4000 50000 loss=100000
	as_meant net.loss '"model":"markov","p13":50000,"p31":200000,"p32":200000,"p23":300000,"p14":30000' 4000 50000 \
		markov=50000,200000,200000,300000,30000
	as_meant net.loss '"model":"gilbert","p":50000,"r":200000,"1-h":700000,"1-k":10000' 4000 50000 gilbert=50000,200000,700000,10000
	differs net.loss '"model":"gilbert","p":50000,"r":200000,"1-h":700000,"1-k":10000' 4000 50000 gilbert=100000,200000,700000,10000
}

@test "netem's duplicates: their share" {
	as_meant net.duplicate '"percent":100000' 3000 50000 duplicate=100000
	differs net.duplicate '"percent":100000' 3000 50000 duplicate=150000
}

@test "netem's jitter" {
	as_meant net.delay '"delay":200000000,"jitter":60000000,"distribution":"pareto"' 1000 1000000 delay=200000000,60000000,2
	differs net.delay '"delay":200000000,"jitter":60000000,"distribution":"pareto"' 1000 1000000 delay=200000000,150000000,2
}

@test "netem's rate, and tbf's where there is a burst: within 2 %" {
	as_meant net.rate '"rate":200000' 500 100000 rate=200000
	as_meant net.rate '"rate":200000,"burst":2000' 500 100000 rate=200000
	# 1,042 bytes and 20 more are 23 cells of 48, of which each takes 5 more.
	as_meant net.rate '"rate":200000,"packet-overhead":20,"cell-size":48,"cell-overhead":5' 500 100000 rate=170961
	differs net.rate '"rate":200000' 500 100000 rate=210000
}

# long: how many TCP packets to port 7001 came in at B that are longer than any on a wire, and how many in all.
counters() {
	in_b nft delete table netdev seen 2>/dev/null || :
	in_b nft -f - <<-'END'
		table netdev seen {
			chain in {
				type filter hook ingress device vb priority 0;
				tcp dport 7001 meta length > 1500 counter
				tcp dport 7001 counter
			}
		}
	END
}
counted() { in_b nft list chain netdev seen in | sed -n 's/.*counter packets \([0-9]*\).*/\1/p' | xargs; }

@test "frames of many packets are taken apart before netem draws, a virtual machine's too" {
	serve_b 10.77.0.2 7001
	counters
	[ "$(peer_a push 10.77.0.2 7001 1)" = same ]
	read -r long all < <(counted)
	[ "$long" -gt 10 ] # without a fault they come as they were sent
	mac=$(in_b cat /sys/class/net/vb/address)
	for args in '"loss":1' '"rate":125000000,"burst":200000'; do
		ask net.impair "{$args,\"device\":\"va\"}" ',"engine":"netem"'
		counters
		[ "$(peer_a push 10.77.0.2 7001 1)" = same ]
		in_a python3 "$SOURCE_DIR/tests/vm/gso_send.py" va "$mac" 10.77.0.1 10.77.0.2 7001 10
		read -r long all < <(counted)
		[ "$long" = 0 ]
		# 1 MiB in packets of 1,448 bytes at most, and 10 times 8.
		[ "$all" -ge 804 ]
		revert
	done
}
