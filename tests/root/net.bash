# What the tests of the network faults share: two namespaces A and B with a veth pair (va 10.77.0.1, vb 10.77.0.2), an
# injector on a pipe, and the peers of net_peer.py. Everything has the test's own number in its name and is ended by
# teardown, also when a test fails.

net_setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	command -v python3 >/dev/null || skip "python3 is not installed"
	injector=$BUILD_DIR/injector/host/ordeal-injector
	[ -x "$injector" ] || skip "$injector is not built"
	A=on$$${BATS_TEST_NUMBER}a
	B=on$$${BATS_TEST_NUMBER}b
	dir=$(mktemp -d)
	started=()
	holders=()
	ip netns add "$A" 2>/dev/null || skip "no network namespace can be made here"
	ip netns add "$B"
	ip link add va netns "$A" type veth peer name vb netns "$B"
	address "$A" va 1
	address "$B" vb 2
	# The kernel tells of the carrier up to a second later, and IPv6 waits for that.
	for _ in $(seq 200); do
		ip -n "$A" link show va | grep -q 'state UP' && ip -n "$B" link show vb | grep -q 'state UP' && return 0
		sleep .02
	done
}

# address NAMESPACE DEVICE HOST [NET]
# After net_setup, for who runs $ordeal itself: with its files in the test's own folder.
whole_runs() {
	ordeal=$BUILD_DIR/cli/ordeal
	[ -x "$ordeal" ] || skip "$ordeal is not built"
	export XDG_STATE_HOME=$dir/state XDG_RUNTIME_DIR=$dir/run NO_COLOR=1
	mkdir -p -m 700 "$dir/state" "$dir/run"
}

address() {
	ip -n "$1" link set lo up
	ip -n "$1" link set "$2" addrgenmode none
	ip -n "$1" addr add "10.${4:-77}.0.$3/24" dev "$2"
	ip -n "$1" addr add "fd${4:-77}::$3/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

# Whether a pid is still that of a child of this shell: one that ended and was reaped may be a stranger's by now.
ours() { [ "$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat" 2>/dev/null)" = "$BASHPID" ]; }

net_teardown() {
	local p
	exec 8>&- 9>&-
	for p in "${holders[@]}"; do
		for _ in $(seq 100); do ours "$p" || break; sleep .02; done
		ours "$p" && kill -KILL "$p" 2>/dev/null
	done
	for p in "${started[@]}"; do
		ours "$p" && kill -KILL "$p" 2>/dev/null
	done
	wait
	# What a test left to a rescue by killing both processes.
	for p in /run/ordeal/undo/n$$-"$BATS_TEST_NUMBER"-*.json; do
		[ ! -e "$p" ] || printf '{"protocol":1,"op":"rescue","lease":"%s"}\n' "$(basename "$p" .json)" | "$injector" >/dev/null
	done
	ip netns del "$A" 2>/dev/null
	ip netns del "$B" 2>/dev/null
	[ -z "${dir:-}" ] || rm -rf "$dir"
}

in_a() { ip netns exec "$A" "$@"; }
in_b() { ip netns exec "$B" "$@"; }
peer() { python3 "$SOURCE_DIR/tests/root/net_peer.py" "$@"; }
peer_a() { ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" "$@"; }
peer_b() { ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" "$@"; }

# background FILE COMMAND...: its output goes to the file; waits for its first line.
background() {
	local file=$1
	shift
	"$@" >"$file" 2>&1 8>&- 9>&- 3>&- &
	started+=($!)
	for _ in $(seq 300); do
		[ -s "$file" ] && return 0
		sleep .01
	done
	return 1
}

serve_b() { background "$dir/serve$2" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve "$1" "$2"; }
serve_a() { background "$dir/serve$2" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_peer.py" serve "$1" "$2"; }

# ask FAULT ARGS [MORE-OF-THE-REQUEST]: a holder in A; its events go to $dir/events. Returns when it is injected (0) or
# has failed (1). A second one goes by ask2, on other descriptors.
ask() { ask_on 8 "$dir/events" "$@"; }
ask2() { ask_on 9 "$dir/events2" "$@"; }
ask_on() {
	local fd=$1 events=$2 ino
	# With the placebo instead, every test that says something of a fault must fail (net_placebo.sh).
	[ -z "${ORDEAL_PLACEBO:-}" ] || set -- "$fd" "$events" noop '{}'
	ino=$(stat -Lc %i "/run/netns/$A")
	rm -f "$dir/in"
	mkfifo "$dir/in"
	: >"$events"
	"$injector" <"$dir/in" >"$events" 2>"$events.err" 8>&- 9>&- 3>&- &
	holder=$!
	holders+=($!)
	eval "exec $fd>\"$dir/in\""
	printf '{"protocol":1,"op":"add","lease":"n%s-%s-%s","fault":"%s","args":%s,"target":{"netns":"/run/netns/%s","netns_ino":%s},"hold_ns":%s,"seed":7%s}\n' \
		$$ "$BATS_TEST_NUMBER" "$fd" "$3" "$4" "$A" "$ino" "${hold_ns:-60000000000}" "${5:-}" >&"$fd"
	for _ in $(seq 500); do
		grep -q '"event":"injected"' "$events" && return 0
		grep -q '"event":"failed"' "$events" && return 1
		kill -0 $holder 2>/dev/null || return 1
		sleep .01
	done
	return 1
}

# ended CODE: the holder ends, with that exit status: 0 reverted as asked, 1 failed.
ended() {
	local rc=0
	wait "$holder" || rc=$?
	[ "$rc" = "$1" ] || { echo "the holder ended with $rc" && return 1; }
}

# Ends the (first) lease in order; nothing may be left.
revert() {
	exec 8>&-
	ended 0
	grep -q '"residue":0' "$dir/events" || { cat "$dir/events"; return 1; }
}

# taken N: waits until so many packets of a flood have been taken.
taken() {
	for _ in $(seq 250); do
		in_a nft list ruleset | awk -v least="$1" '/counter packets/ {n += $3} END {exit !(n >= least)}' && return 0
		sleep .02
	done
	return 1
}

# figure NAME: of the `reverted` event.
figure() { sed -n "s/.*\"figures\":{.*\"$1\":\([0-9]*\).*/\1/p" "$dir/events"; }

# between LOW HIGH VALUE
between() {
	awk -v l="$1" -v h="$2" -v v="$3" 'BEGIN {exit !(v != "" && v >= l && v <= h)}' || {
		echo "$3 is not between $1 and $2"
		return 1
	}
}
