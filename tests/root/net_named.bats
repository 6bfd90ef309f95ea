# Peers that are named otherwise than by addresses: another target, host names. A is the target, B its peer, C a
# bystander of both (A is linked with each: 10.77.0.0/24 with B, 10.78.0.0/24 with C).

load net

setup() {
	net_setup
	ordeal=$BUILD_DIR/cli/ordeal
	[ -x "$ordeal" ] || skip "$ordeal is not built"
	export XDG_STATE_HOME=$dir/state XDG_RUNTIME_DIR=$dir/run NO_COLOR=1
	mkdir -p -m 700 "$dir/state" "$dir/run"
	chmod 755 "$dir"
	C=on$$${BATS_TEST_NUMBER}c
	ip netns add "$C"
	ip link add vc netns "$A" type veth peer name vd netns "$C"
	for end in "$A vc 1" "$C vd 2"; do
		set -- $end
		ip -n "$1" link set "$2" addrgenmode none
		ip -n "$1" addr add "10.78.0.$3/24" dev "$2"
		ip -n "$1" addr add "fd78::$3/64" dev "$2" nodad
		ip -n "$1" link set "$2" up
		ip -n "$1" link set lo up
	done
	# Somebody who lives in B, and a second address of theirs on another device.
	ip -n "$B" link add extra type veth peer name other
	ip -n "$B" addr add 10.99.0.9/24 dev extra
	ip -n "$B" addr add 169.254.7.7/16 dev extra
	background "$dir/lives" ip netns exec "$B" sh -c 'echo $$; exec sleep 300'
	lives=$(cat "$dir/lives")
	for _ in $(seq 100); do in_a ping -q -c 1 -W 1 fd78::2 >/dev/null && break; sleep .05; done
}
teardown() {
	[ -z "${C:-}" ] || ip netns del "$C" 2>/dev/null
	net_teardown
}

# holds ARGS...: an injection that lasts; returns when it is in force. Ended by `gone`.
holds() {
	: >"$dir/held"
	# Its own group, so that SIGINT reaches it alone; 9>&- and so on: bats waits for who holds its descriptors.
	setsid "$ordeal" inject "$@" --for 60s >"$dir/held" 2>&1 3>&- 8>&- 9>&- &
	held=$!
	started+=($held)
	for _ in $(seq 500); do
		grep -q '"event":"injected"' "$dir/held" && return 0
		kill -0 $held 2>/dev/null || break
		sleep .02
	done
	cat "$dir/held"
	return 1
}
gone() {
	kill -INT "$held"
	wait "$held" || :
	grep -q '"residue":0' "$dir/held" || { cat "$dir/held"; return 1; }
}

reaches() { ip netns exec "$1" ping -q -c 1 -W "${3:-2}" "$2" >/dev/null; }
cut() { ! reaches "$1" "$2" .4; }

apart() {
	cut "$A" 10.77.0.2 && cut "$A" fd77::2 && cut "$B" 10.77.0.1 && cut "$B" fd77::1 || { echo "not cut"; return 1; }
	reaches "$A" 10.78.0.2 && reaches "$A" fd78::2 && reaches "$C" 10.78.0.1 && reaches "$C" fd78::1
}
together() { reaches "$A" 10.77.0.2 && reaches "$A" fd77::2 && reaches "$B" 10.77.0.1; }

@test "partition between two targets: both ways, both families, and nobody else" {
	holds net.partition --netns "$A" --peer "pid:$lives"
	cat "$dir/held"
	grep -q "peer pid $lives is 10.77.0.2, 10.99.0.9, fd77::2" "$dir/held"
	apart
	gone
	together
	# By the namespace's name alone it is entered by the injector.
	holds net.partition --netns "$A" --peer "netns:$B"
	grep -q "peer netns $B is 10.77.0.2, 10.99.0.9, fd77::2" "$dir/held"
	apart
	gone
	together
}

@test "a peer's ports alone, and another fault than a partition" {
	serve_b 10.77.0.2 7001
	serve_b fd77::2 7002
	holds net.partition --mode reject --netns "$A" --peer "netns:$B" --to :7001/tcp --to :7002
	for where in "10.77.0.2 7001" "fd77::2 7002"; do
		run peer_a connect $where
		[[ "$output" == ECONNREFUSED* ]]
	done
	together
	gone
	peer_a connect 10.77.0.2 7001
	holds net.delay --delay 150ms --netns "$A" --peer "netns:$B"
	for host in 10.77.0.2 fd77::2; do
		ms=$(in_a ping -c 2 -i .2 $host | sed -n 's/^rtt[^=]*= *\([0-9.]*\)\/.*/\1/p')
		between 140 400 "$ms"
	done
	ms=$(in_a ping -c 2 -i .2 10.78.0.2 | sed -n 's/^rtt[^=]*= *\([0-9.]*\)\/.*/\1/p')
	between 0 100 "$ms"
	gone
}

@test "a peer that cannot be one is refused, and why" {
	background "$dir/here" in_a sh -c 'echo $$; exec sleep 300'
	run "$ordeal" inject net.partition --netns "$A" --peer "pid:$(cat "$dir/here")" --for 1s
	echo "$output"
	[ "$status" = 2 ]
	[[ "$output" == *"peer pid "*"it is in the target's own network namespace"* ]]
	ip -n "$B" addr flush dev vb
	ip -n "$B" addr flush dev extra
	ip -n "$B" -6 addr flush dev vb
	run "$ordeal" inject net.partition --netns "$A" --peer "pid:$lives" --for 1s
	echo "$output"
	[[ "$output" == *"it has no address but those of loopback and of its link"* ]]
	run "$ordeal" inject net.partition --netns "$A" --peer "netns:on-nobody" --for 1s
	[ "$status" = 2 ]
	run "$ordeal" inject net.partition --netns "$A" --peer "pod:db" --for 1s
	[[ "$status" = 2 && "$output" == *"no target of a machine"* ]]
	run "$ordeal" inject net.partition --netns "$A" --peer "pid:$lives" --to 10.0.0.1 --for 1s
	[[ "$status" = 2 && "$output" == *"the addresses are the peer's"* ]]
	run "$ordeal" inject net.dns --action nxdomain --netns "$A" --peer "pid:$lives" --for 1s
	[[ "$status" = 2 ]]
	together && return 1
	return 0
}

# experiment PEER FAULT...: in $dir/run.yaml
experiment() {
	cat >"$dir/run.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: named}
spec:
  hypothesis: It does not matter.
  probes:
    - {name: there, every: 100ms, timeout: 1s, exec: {command: [/bin/true]}}
  steadyState: [there.ok_ratio >= 0.5 over 300ms]
  faults:
    - name: split
      target: {netns: $A}
      peer: $1
      $2
      for: 1500ms
  objectives: [recover(after_rollback) within 400ms hold 100ms]
  recovery: 500ms
  limits: {targets: 1, duration: 2s}
END
}

@test "an experiment: the plan shows the addresses, also to who is not root, the timeline tells them" {
	experiment "{pid: $lives}" 'net.partition: {}'
	run "$ordeal" plan "$dir/run.yaml"
	echo "$output"
	[[ "$output" == *"direction=both"* && "$output" == *"peer       pid $lives"* ]]
	[[ "$output" == *"peers now  peer pid $lives is 10.77.0.2, 10.99.0.9, fd77::2"* ]]
	"$ordeal" plan --json "$dir/run.yaml" >"$dir/plan.json"
	jq -e '.faults[0].peer.kind == "pid" and (.resolved[0].peers | test("fd77::2"))' "$dir/plan.json"
	# /proc/PID/net is everybody's to read: no right is needed that others have not.
	if command -v setpriv >/dev/null && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$dir/run.yaml"; then
		run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$dir" "$ordeal" plan "$dir/run.yaml"
		echo "$output"
		[[ "$output" == *"peers now  peer pid $lives is 10.77.0.2, 10.99.0.9, fd77::2"* ]]
	fi
	background "$dir/four" in_a sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	"$ordeal" run "$dir/run.yaml" -o "$dir/out" --format json --quiet
	grep -q "fault 'split': peer pid $lives is 10.77.0.2, 10.99.0.9, fd77::2" "$dir/out/latest/run.jsonl"
	together
	experiment "{pid: 999999}" 'net.partition: {}'
	run "$ordeal" run "$dir/run.yaml" -o "$dir/out" --quiet
	echo "$output"
	[[ "$status" != 0 && "$output" == *"peer pid 999999"* ]]
}
