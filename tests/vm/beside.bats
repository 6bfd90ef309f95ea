# In the machine: a delay of ours beside sch_netem's own, on the same kernel at the same device.

load ../root/net

setup() { net_setup; }
teardown() { net_teardown; }

# mean HOST: of 40 answers, ms.
mean() { in_a ping -q -c 40 -i 0.05 -W 2 "$1" | sed -n 's,^rtt [^=]*= [0-9.]*/\([0-9.]*\)/.*,\1,p'; }

@test "a delay of 50 ms is what netem's is, in both families" {
	for host in 10.77.0.2 fd77::2; do
		none=$(mean $host)
		in_a tc qdisc add dev va root netem delay 50ms
		netem=$(mean $host)
		in_a tc qdisc del dev va root
		ask net.delay '{"delay":50000000}'
		ours=$(mean $host)
		revert
		echo "# $(uname -r), $host, mean ms: undelayed $none, netem $netem, detour $ours" >&3
		between 50 80 "$netem"
		between 50 80 "$ours"
		between -15 15 "$(awk -v a="$ours" -v b="$netem" 'BEGIN { print a - b }')"
	done
}

@test "the device's own netem stays, and both add up" {
	in_a tc qdisc add dev va root handle 7: netem delay 20ms 5ms limit 500
	before=$(in_a tc qdisc show dev va)
	ask net.delay '{"delay":30000000}'
	between 44 80 "$(mean 10.77.0.2)"
	[ "$(in_a tc qdisc show dev va)" = "$before" ]
	revert
	[ "$(in_a tc qdisc show dev va)" = "$before" ]
}
