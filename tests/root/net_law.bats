# What really reaches the wire, against the laws that were asked for: delays, runs of losses, distances, rates of many
# packets through a real engine, none of them compared with what a draw came out as. net_law.c has the judges and the null
# hypothesis of each; all refuse below 0.001, and each is shown to refuse what is wrong. The draws have fixed seeds, so that
# no chance but the machine's is in it. By day a few thousand packets, with ORDEAL_NIGHTLY a million.

load net

setup() {
	net_setup
	net_law=$BUILD_DIR/tests/root/net_law
	[ -x "$net_law" ] || skip "$net_law is not built"
	nightly=${ORDEAL_NIGHTLY:-0}
	[ "$nightly" = 0 ] || hold_ns=900000000000
}
teardown() { net_teardown; }

# law FROM TO ADDRESS N GAP_NS KEY=VALUE... JUDGE...: the line goes to $dir/line.
law() {
	"$net_law" "$1" "$2" "$3" 7001 "${@:4}" >"$dir/line" 2>"$dir/why" || {
		cat "$dir/line" "$dir/why"
		return 1
	}
	cat "$dir/line"
}

# by ENGINE FAMILY FAULT ARGS: asks for the fault, on the way from $from to $to at $address; what else net_law needs to know
# is in $keys. The engine has the CPU when it needs it: what else the machine does is not what is judged.
by() {
	local args="{$4,\"device\":\"va\",\"to\":[\":7001\"]" more=
	[ "$1" = netdev ] || more=',"realtime":1,"seed":7'
	keys=()
	case $1 in
	queue)
		from=$B to=$A address=10.77.0.1 keys=(ours=1)
		[ "$2" = 4 ] || address=fd77::1
		more+=',"direction":"ingress"'
		;;
	*)
		from=$A to=$B address=10.77.0.2
		[ "$2" = 4 ] || address=fd77::2
		;;
	esac
	ask "$3" "$args$more}" ",\"engine\":\"$1\""
}

# holds ENGINE FAMILY FAULT ARGS N GAP_NS KEY=VALUE... JUDGE...: the fault is put there for them, and taken away.
holds() {
	local base=base_$1$2 right=0
	by "${@:1:4}" || return 1
	law "$from" "$to" "$address" "$5" "$6" "${keys[@]}" "base=${!base:-0}" "${@:7}" || right=1
	revert || return 1
	return $right
}

# other ENGINE FAMILY: the other engine and the other family; by day each is judged now here, now there.
other() { echo "$([ "$1" = detour ] && echo queue || echo detour) $((10 - $2))"; }

# try COMMAND...: where time is judged, up to three times. Each draws what the others drew, so that what is wrong stays so; but
# a machine that stood still meanwhile has another chance.
try() { "$@" || "$@" || "$@"; }

# base FROM TO ADDRESS [KEY]...: how long the way takes without a fault, ns (median).
base() {
	law "$1" "$2" "$3" 1000 200000 "${@:4}" path >&2
	sed -n 's/.*"median_ns":\([0-9]*\).*/\1/p' "$dir/line"
}

bases() {
	base_detour4=$(base "$A" "$B" 10.77.0.2) base_detour6=$(base "$A" "$B" fd77::2)
	base_queue4=$(base "$B" "$A" 10.77.0.1 ours=1) base_queue6=$(base "$B" "$A" fd77::1 ours=1)
}

# With two bumps, which no formula has: a third of the packets are early, around -1.25, the others late, around 0.6.
two_bumps() {
	awk 'BEGIN { srand(1); for (i = 0; i < 4096; i++) { u = (rand() + rand() + rand() - 1.5) * .6; printf "%d\n", 8192 * (i % 3 ? .6 + u : -1.25 + u) } }' \
		>"$dir/bumps.dist"
	chmod 755 "$dir"
	chmod 644 "$dir/bumps.dist"
}

# spread ENGINE FAMILY LAW WRONG [ARGS]: a delay with jitter of that law; WRONG, and the law a fifth wider, are refused.
spread() {
	local n=4000 gap=125000 delay=60000000 jitter=20000000 wide=1.2 law=$3 more=${5:-}
	[ "$nightly" = 0 ] || n=1000000 gap=80000 delay=900000000 jitter=200000000 wide=1.02
	[ "$3" != file ] || { law=$dir/bumps.dist && more+=",\"distribution-file\":\"$law\""; }
	try holds "$1" "$2" net.delay "\"delay\":$delay,\"jitter\":$jitter,\"distribution\":\"$3\"$more" $n $gap "delay=$delay" \
		"jitter_ns=$jitter" "jitter=$law" "not-jitter=$law*$wide" "not-jitter=$4" "alike=$law,0" "not-alike=$law,0.5"
}

@test "jitter: the delays are a sample of the distribution, by the detour and by the queue" {
	bases
	two_bumps
	set -- uniform normal pareto paretonormal file
	for what in "detour 4" "queue 6" "detour 6" "queue 4" "detour 4"; do
		wrong=uniform
		[ "$1" != uniform ] || wrong=normal
		spread $what "$1" $wrong
		[ "$nightly" = 0 ] || spread $(other $what) "$1" $wrong
		shift
	done
}

@test "jitter: each packet has its own delay where a sender hands over forty at once" {
	bases
	for family in 4 6; do
		try holds detour $family net.delay '"delay":60000000,"jitter":20000000,"distribution":"normal"' 4000 125000 size=1200 together=40 \
			delay=60000000 jitter_ns=20000000 jitter=normal "not-jitter=normal*1.2" alike=normal,0
	done
}

# The coefficients of the normal variables behind delays that have a correlation of 50 %, by a quadrature outside of these
# programs; as in test_fate_delay.c.
@test "correlation: the delays are related as was asked, and keep their distribution" {
	bases
	for what in "detour 6 pareto 0.673198" "queue 4 normal 0.5" "detour 4 uniform 0.517638" "queue 6 paretonormal 0.614651"; do
		set -- $what
		[ "$nightly" != 0 ] || [ "$3" != uniform ] || break
		try holds "$1" "$2" net.delay "\"delay\":60000000,\"jitter\":20000000,\"distribution\":\"$3\",\"correlation\":500000" 4000 125000 \
			delay=60000000 jitter_ns=20000000 "alike=$3,$4" "not-alike=$3,0" "not-alike=$3,0.35" "not-alike=$3,0.8"
	done
}

@test "slots: the time from one to the next is a sample of its distribution" {
	for what in "detour 4" "queue 6"; do
		set -- $what
		try holds "$1" "$2" net.impair '"slot-delay":3000000,"slot-jitter":900000,"slot-distribution":"normal","slot-packets":1' 600 100000 \
			wait=3000000000 delay=3000000 jitter_ns=900000 slot=normal "not-slot=normal*1.4" not-slot=uniform
	done
}

# runs ENGINE FAMILY ARGS JUDGE...: of losses.
runs() {
	local n=20000 gap=25000
	[ "$nightly" = 0 ] || n=1000000 gap=60000
	holds "$1" "$2" net.loss "$3" $n $gap "${more_keys[@]}" "${@:4}"
}

@test "losses come in runs of the lengths that were asked for: correlated, markov, gilbert" {
	more_keys=()
	correlated=('"percent":100000,"correlation":250000' lost=100000,250000 not-lost=100000,0 not-lost=120000,250000)
	markov=('"model":"markov","p13":20000,"p31":100000,"p32":200000,"p23":300000,"p14":30000' markov=20000,100000,200000,300000,30000
		not-markov=36000,100000,200000,300000,30000 not-markov=20000,140000,200000,300000,30000 not-lost=150000,0)
	gilbert=('"model":"gilbert","p":20000,"r":100000,"1-h":700000,"1-k":10000' gilbert=20000,100000,700000,10000
		not-gilbert=36000,100000,700000,10000 not-gilbert=20000,100000,900000,10000)
	runs detour 6 "${correlated[@]}"
	runs detour 4 "${markov[@]}"
	runs queue 6 "${gilbert[@]}"
	[ "$nightly" != 0 ] || return 0
	runs queue 4 "${correlated[@]}"
	runs queue 6 "${markov[@]}"
	runs detour 4 "${gilbert[@]}"
}

@test "losses are of packets, not of frames: forty at once, a stream, and an engine that draws by frames is found out" {
	more_keys=(size=1200 together=40)
	for family in 4 6; do
		runs detour $family '"percent":100000' lost=100000,0 not-lost=120000,0
		runs detour $family '"percent":100000,"correlation":500000' lost=100000,500000 not-lost=100000,0
		runs netdev $family '"percent":100000' not-lost=100000,0
		by detour $family net.loss '"percent":20000'
		wire "$family" 0 0 tcp=32 lost=20000 not-lost=25000
		revert
		by netdev $family net.loss '"percent":150000'
		wire "$family" 0 0 tcp=32 not-lost=150000
		revert
	done
}

# wire FAMILY N GAP_NS KEY=VALUE... JUDGE...: from A to B.
wire() {
	local to=10.77.0.2
	[ "$1" = 4 ] || to=fd77::2
	shift
	"$BUILD_DIR/tests/root/net_wire" "$A" "$B" $to 7001 vb "$@" >"$dir/line" 2>"$dir/why" || {
		cat "$dir/line" "$dir/why"
		return 1
	}
	cat "$dir/line"
}

@test "reorder with a gap: who overtakes, and how many lie between" {
	for what in "detour 4 1" "queue 6 1" "detour 6 40"; do
		set -- $what
		try holds "$1" "$2" net.reorder '"percent":300000,"gap":4,"delay":100000000' 8000 50000 "together=$3" delay=100000000 \
			overtook=300000,4 not-overtook=300000,3 not-overtook=360000,4
	done
}

@test "duplicates are of packets, not of frames" {
	for family in 4 6; do
		holds detour $family net.duplicate '"percent":100000' 20000 25000 size=1200 together=40 copies=2 twice=100000 not-twice=115000
	done
}

@test "corruption is one bit of a packet, any of them as likely; two faults in a row are found out" {
	local n=20000
	[ "$nightly" = 0 ] || n=400000
	for family in 4 6; do
		for together in 1 40; do
			by detour $family net.corrupt '"percent":100000'
			wire $family $n 25000 "together=$together" bits=100000 not-bits=115000
			revert
		done
	done
	by detour 4 net.corrupt '"percent":100000'
	one=$holder
	ask2 net.corrupt '{"percent":100000,"device":"va","seed":8}' ',"engine":"detour"'
	wire 4 $n 25000 not-bits=190000
	exec 9>&-
	holder=$one
	revert
}

@test "rate: within 2 %, for small and large packets, one by one and forty at once, a link and a bucket, and for a stream" {
	row=0
	# Of so many bytes on the wire, so many a second; they come twice as fast.
	for what in "detour 4 64 1 106 3000" "detour 6 512 1 574 3000" "queue 4 1400 1 1442 2000" "queue 6 64 1 126 3000" \
		"detour 4 1400 40 1442 2000" "detour 6 128 100 190 3000"; do
		set -- $what
		local rate=$(($5 * $6)) n=$(($6 * 7 / 10)) gap=$((500000000 / $6))
		for bucket in ',"burst":10000' ''; do
			# By day each in turn.
			row=$((row + 1))
			[ "$nightly" != 0 ] || [ $((row % 4)) -lt 2 ] || continue
			try holds "$1" "$2" net.rate "\"rate\":$rate$bucket" $n $gap "size=$3" "together=$4" wait=1000000000 \
				"rate=$rate,30000,.98,1.02" "not-rate=$((rate * 104 / 100)),30000,.98,1.02"
		done
	done
	for family in 4 6; do
		for bucket in '' ',"burst":65536'; do
			[ "$nightly" != 0 ] || [ "$family$bucket" = 4 ] || [ "$family$bucket" = '6,"burst":65536' ] || continue
			try streams $family "\"rate\":10000000,\"limit\":262144$bucket" rate=10000000,.98,1.02 not-rate=10400000,.98,1.02
		done
	done
}

# streams FAMILY ARGS JUDGE...: 8 MiB of TCP through a rate.
streams() {
	local right=0
	by detour "$1" net.rate "$2" || return 1
	wire "$1" 0 0 tcp=8 "${@:3}" || right=1
	revert || return 1
	return $right
}

@test "revert: of what is held when it ends nothing is lost, by the detour and by the queue, in order or not" {
	for what in "detour 4" "detour 6" "queue 4" "queue 6"; do
		set -- $what
		by "$1" "$2" net.delay '"delay":150000000,"jitter":100000000'
		law "$from" "$to" "$address" 4000 100000 "${keys[@]}" delay=300000000 path &
		sleep .25
		revert
		wait $!
		# At the 10,000 packets a second that came, 150 ms are 1,500 of at least 128 bytes, as held_max_bytes counts.
		[ "$(figure held_max_bytes)" -gt 64000 ]
		grep -q '"arrived":4000' "$dir/line"
	done
}

# One may take longer where the machine has other things to do, but none 20 ms.
@test "SIGKILL: packets go directly within 3 ms, by the detour, the queue and after a cut" {
	# The end of a process takes its own priority.
	printf '#!/bin/sh\nexec chrt -f 50 "%s"\n' "$injector" >"$dir/first"
	chmod 755 "$dir/first"
	chrt -f 50 true 2>/dev/null && injector=$dir/first
	for what in "detour 4 net.delay" "detour 6 net.delay" "queue 4 net.delay" "queue 6 net.delay" "netdev 4 net.partition" "netdev 6 net.partition"; do
		set -- $what
		local late=0
		for _ in $(seq $((nightly ? 20 : 2))); do
			try killed "$@" gone=20
			sed 's/^/# /' "$dir/line" >&3
			between 0 3000 "$(sed -n 's/.*"gone_us":\([0-9]*\).*/\1/p' "$dir/line")" || late=$((late + 1))
		done
		[ "$late" -le $((nightly ? 2 : 1)) ]
	done
}

# killed ENGINE FAMILY FAULT JUDGE...: the holder, while packets come.
killed() {
	local right=0 args='"delay":50000000'
	[ "$1" != netdev ] || args='"mode":"drop"'
	by "$1" "$2" "$3" "$args" || return 1
	law "$from" "$to" "$address" 1500 100000 "${keys[@]}" "kill=$holder" "${@:4}" || right=1
	exec 8>&-
	return $right
}
