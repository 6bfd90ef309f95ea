# The fate of packets, end to end: N numbered packets, what became of each, and what engines/fate says of the same seed
# without any engine (net_fate.c). Equal to that is equal to each other: the detour (egress), the queue (ingress, lo), and
# both families are held against it, and their traces against each other. A million packets a share with ORDEAL_NIGHTLY, by
# day 100,000.

load net

setup() {
	net_setup
	net_fate=$BUILD_DIR/tests/root/net_fate
	[ -x "$net_fate" ] || skip "$net_fate is not built"
}
teardown() { net_teardown; }

# fate FROM TO ADDRESS N GAP_NS EFFECT...: the line goes to $dir/line.
fate() {
	"$net_fate" "$1" "$2" "$3" 7001 "${@:4}" >"$dir/line" 2>"$dir/why" || {
		cat "$dir/line" "$dir/why"
		return 1
	}
	cat "$dir/line"
}

# The same, which is to notice a difference.
differs() {
	if fate "$@"; then
		echo "this was to be noticed"
		return 1
	fi
}

# of NAME: a figure of the last trace.
of() { sed -n "s/.*\"$1\":\"\{0,1\}\([0-9a-f.]*\).*/\1/p" "$dir/line"; }

# everywhere FAULT ARGS N GAP_NS EFFECT...: by the detour, the queue of the ingress and the queue of lo, over both families;
# all of them as was said, and the same.
everywhere() {
	local fault=$1 args=$2 traces=''
	shift 2
	for host in 10.77.0.2 fd77::2; do
		ask "$fault" "{$args,\"seed\":7,\"device\":\"va\",\"to\":[\":7001/udp\"]}" ',"engine":"detour"'
		fate "$A" "$B" $host "$@"
		traces+="$(of trace) "
		revert
	done
	if [ -z "${only_detour:-}" ]; then
		for host in 10.77.0.1 fd77::1; do
			ask "$fault" "{$args,\"seed\":7,\"device\":\"va\",\"direction\":\"ingress\",\"to\":[\":7001/udp\"]}" ',"engine":"queue"'
			fate "$B" "$A" $host "$@"
			traces+="$(of trace) "
			revert
		done
		for host in 127.0.0.1 ::1; do
			ask "$fault" "{$args,\"seed\":7,\"device\":\"lo\",\"to\":[\":7001/udp\"]}" ',"engine":"queue"'
			fate "$A" "$A" $host "$@"
			traces+="$(of trace) "
			revert
		done
	fi
	# shellcheck disable=SC2086 # words
	[ "$(printf '%s\n' $traces | sort -u | wc -l)" = 1 ]
}

@test "loss: the same packets in every engine, and no others" {
	everywhere net.loss '"percent":100000,"correlation":250000' 3000 100000 seed=7 loss=100000,250000
	[ "$(of missing)" -gt 200 ]
	# The judge notices one packet more or less: another seed, another share.
	differs "$A" "$B" 10.77.0.2 1000 100000 seed=7 loss=100000,250000
	ask net.loss '{"percent":100000,"correlation":250000,"seed":7,"device":"va","to":[":7001/udp"]}' ',"engine":"detour"'
	differs "$A" "$B" 10.77.0.2 1000 100000 seed=8 loss=100000,250000
	revert
	ask net.loss '{"percent":100000,"correlation":250000,"seed":7,"device":"va","to":[":7001/udp"]}' ',"engine":"detour"'
	differs "$A" "$B" 10.77.0.2 3000 100000 seed=7 loss=101000,250000
	revert
}

@test "loss in runs: the four states and Gilbert-Elliott" {
	everywhere net.loss '"model":"markov","p13":20000,"p31":200000,"p32":200000,"p23":300000,"p14":30000' 2000 100000 \
		seed=7 markov=20000,200000,200000,300000,30000
	everywhere net.loss '"model":"gilbert","p":20000,"r":200000,"1-h":700000,"1-k":10000' 2000 100000 \
		seed=7 gilbert=20000,200000,700000,10000
}

@test "corruption: the same packets, noticed by the receiver's checksum" {
	everywhere net.corrupt '"percent":100000' 2000 100000 seed=7 corrupt=100000
	[ "$(of missing)" -gt 100 ]
}

@test "reordering: the same packets overtake" {
	everywhere net.reorder '"percent":150000,"correlation":300000,"gap":3,"delay":200000000' 2000 200000 \
		seed=7 delay=200000000 reorder=150000,300000,3
	[ "$(of overtook)" -gt 60 ]
}

@test "duplicates: the same packets come twice (detour)" {
	only_detour=1 everywhere net.duplicate '"percent":100000' 3000 100000 seed=7 duplicate=100000
	[ "$(of twice)" -gt 200 ]
}

@test "all at once: one effect does not move another's packets" {
	only_detour=1 everywhere net.impair \
		'"delay":200000000,"loss":50000,"duplicate":50000,"corrupt":30000,"reorder":100000,"reorder-correlation":200000' \
		3000 200000 seed=7 delay=200000000 loss=50000 duplicate=50000 corrupt=30000 reorder=100000,200000
	everywhere net.impair '"delay":200000000,"loss":50000,"corrupt":30000,"reorder":100000' 2000 200000 \
		seed=7 delay=200000000 loss=50000 corrupt=30000 reorder=100000
}

# Each packet as was said, and the share as was asked: within the exact interval of 99.9 % of what was counted outside. Of
# those corrupted in the IP header some get through, so that their share is the unit tests'.
@test "shares over many packets: loss, duplicates, corruption" {
	n=100000
	[ "${ORDEAL_NIGHTLY:-0}" = 0 ] || n=1000000 hold_ns=400000000000
	[ -z "${ORDEAL_PLACEBO:-}" ] || n=5000
	for fault in loss duplicate corrupt; do
		ask net.$fault '{"percent":10000,"seed":11,"device":"va","to":[":7001/udp"]}' ',"engine":"detour"'
		fate "$A" "$B" 10.77.0.2 $n 0 seed=11 $fault=10000
		revert
		case $fault in
		loss) within missing ;;
		duplicate) within twice ;;
		esac
	done
}

# within WHAT: 1 % lies in its interval, 1.2 % does not.
within() {
	between "$(of "$1_low")" "$(of "$1_high")" .01 && ! between "$(of "$1_low")" "$(of "$1_high")" .012
}
