# Peers that are named otherwise than by addresses: another target, host names. A is the target, B its peer, C a
# bystander of both (A is linked with each: 10.77.0.0/24 with B, 10.78.0.0/24 with C).

load net

setup() {
	net_setup
	whole_runs
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
	background "$dir/here" ip netns exec "$A" sh -c 'echo $$; exec sleep 300'
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
	background "$dir/four" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	"$ordeal" run "$dir/run.yaml" -o "$dir/out" --format json --quiet
	grep -q "fault 'split': peer pid $lives is 10.77.0.2, 10.99.0.9, fd77::2" "$dir/out/latest/run.jsonl"
	together
	# On another machine, as far as a command leads to one: the injector there says what it is reached by.
	experiment "{host: true, via: [ip, netns, exec, $B, $injector]}" 'net.partition: {}'
	run "$ordeal" plan "$dir/run.yaml"
	echo "$output"
	[[ "$output" == *"peers now  peer host is 10.77.0.2, 10.99.0.9, fd77::2"* ]]
	experiment "{pid: 999999}" 'net.partition: {}'
	run "$ordeal" run "$dir/run.yaml" -o "$dir/out" --quiet
	echo "$output"
	[[ "$status" != 0 && "$output" == *"peer pid 999999"* ]]
}

# answers LINE...: what dnsmasq, the only name server that `ordeal` knows in A, says from now on; it is started by the first.
answers() {
	printf '%s\n' "$@" >"$dir/names"
	if [ -z "${dnsmasq:-}" ]; then
		command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
		printf 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n' >"$dir/resolv.conf"
		printf '127.0.0.1 localhost\n' >"$dir/hosts"
		ip netns exec "$A" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
			--listen-address=127.0.0.1 --port=53 --pid-file= --user=root --local-ttl=0 --addn-hosts="$dir/names" \
			>"$dir/dnsmasq" 2>&1 3>&- 8>&- 9>&- &
		dnsmasq=$!
		started+=($dnsmasq)
		for _ in $(seq 200); do
			in_a python3 -c 'import socket; s=socket.socket(); s.connect(("127.0.0.1", 53))' 2>/dev/null && break
			sleep .02
		done
	else
		kill -HUP "$dnsmasq"
	fi
}
# What gives `ordeal` that name server, in a mount namespace of its own; it becomes `ordeal`.
as_named='mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/hosts" /etc/hosts && exec "$@"'
holds_named() {
	: >"$dir/held"
	ip netns exec "$A" sh -c "$as_named" "$dir" "$ordeal" inject "$@" --for 60s >"$dir/held" 2>&1 3>&- 8>&- 9>&- &
	held=$!
	started+=($held)
	for _ in $(seq 500); do
		grep -q '"event":"injected"' "$dir/held" && return 0
		kill -0 $held 2>/dev/null || break
		sleep .02
	done
	cat "$dir/held" "$dir/dnsmasq"
	return 1
}
# told WORDS...: the injection says so, within five seconds.
told() {
	for _ in $(seq 250); do
		grep -q -- "$*" "$dir/held" && return 0
		sleep .02
	done
	cat "$dir/held"
	return 1
}
of_b() { cut "$A" 10.77.0.2 && cut "$A" fd77::2 && reaches "$A" 10.78.0.2 && reaches "$A" fd78::2; }
both_cut() { cut "$A" 10.77.0.2 && cut "$A" fd77::2 && cut "$A" 10.78.0.2 && cut "$A" fd78::2; }
crossed() { cut "$A" 10.77.0.2 && reaches "$A" 10.78.0.2 && cut "$A" fd78::2 && reaches "$A" fd77::2; }
of_c() { cut "$A" 10.78.0.2 && cut "$A" fd78::2 && reaches "$A" 10.77.0.2 && reaches "$A" fd77::2; }

@test "resolve: a name that moves is followed, both families, without a gap; one that is lost keeps its addresses" {
	answers '10.77.0.2 db.test' 'fd77::2 db.test'
	holds_named net.partition --netns "$A" --hosts db.test --resolve 200ms
	of_b
	answers '10.77.0.2 db.test' 'fd77::2 db.test' '10.78.0.2 db.test' 'fd78::2 db.test'
	told '"event":"changed"'
	both_cut
	# C is meant before and after this change, and so in between.
	background "$dir/all" ip netns exec "$A" sh -c 'echo; exec ping -i .005 -W 1 10.78.0.2'
	sleep .3
	answers '10.78.0.2 db.test' 'fd78::2 db.test'
	told 'db.test, looked up again, is 10.78.0.2, fd78::2 and was 10.77.0.2, 10.78.0.2, fd77::2, fd78::2'
	of_c
	kill -INT "${started[-1]}"
	wait "${started[-1]}" || :
	grep -q ' 0 received' "$dir/all" || { tail "$dir/all"; return 1; }
	# No answer any more: that is told once, and nothing changes.
	kill "$dnsmasq"
	told "'db.test': .*; its last addresses are kept"
	sleep 1
	[ "$(grep -c 'its last addresses are kept' "$dir/held")" = 1 ]
	[ "$(grep -c '"event":"changed"' "$dir/held")" = 2 ]
	of_c
	gone
	reaches "$A" 10.78.0.2
}

@test "resolve: of who is left alone" {
	answers '10.77.0.2 spare.test' 'fd77::2 spare.test'
	holds_named net.partition --yes-whole-host --netns "$A" --exclude-hosts spare.test --resolve 200ms
	of_c
	answers '10.78.0.2 spare.test' 'fd78::2 spare.test'
	told '"event":"changed"'
	of_b
	gone
	together
}

@test "resolve: a delay in both directions follows, and the timeline tells it" {
	answers '10.77.0.2 db.test' 'fd77::2 db.test'
	holds_named net.delay --delay 120ms --direction both --netns "$A" --hosts db.test --resolve 200ms
	late() { in_a ping -U -c 2 -i .2 "$1" | sed -n 's/^rtt[^=]*= *\([0-9.]*\)\/.*/\1/p'; }
	for host in 10.77.0.2 fd77::2; do between 230 500 "$(late $host)"; done
	for host in 10.78.0.2 fd78::2; do between 0 100 "$(late $host)"; done
	answers '10.78.0.2 db.test' 'fd78::2 db.test'
	told '"event":"changed"'
	for host in 10.78.0.2 fd78::2; do between 230 500 "$(late $host)"; done
	for host in 10.77.0.2 fd77::2; do between 0 100 "$(late $host)"; done
	gone
	answers '10.77.0.2 db.test'
	experiment '{netns: none}' 'net.partition: {hosts: db.test, resolve: 100ms}'
	sed -i '/peer:/d' "$dir/run.yaml"
	background "$dir/before" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.77.0.2'
	background "$dir/after" ip netns exec "$A" sh -c 'echo; exec ping -q -i .05 10.78.0.2'
	# dnsmasq reads its file when it comes to that.
	sleep .5
	ip netns exec "$A" sh -c "$as_named" "$dir" "$ordeal" run "$dir/run.yaml" -o "$dir/out" --format json --quiet >"$dir/said" 2>&1 &
	run=$!
	started+=($run)
	for _ in $(seq 500); do grep -q '"state":"injected"' "$dir/out/latest/run.jsonl" 2>/dev/null && break; sleep .02; done
	answers '10.78.0.2 db.test'
	wait "$run" || { cat "$dir/said"; return 1; }
	jq -se 'any(.[]; .e == "note" and (.text | test("split.: db.test, looked up again, is 10.78.0.2 and was 10.77.0.2")))' "$dir/out/latest/run.jsonl"
	jq -se 'any(.[]; .e == "fault" and .state == "changed" and .requested_t <= .at_t)' "$dir/out/latest/run.jsonl"
}

# said WORDS: the injector does, in its events, within five seconds.
said() {
	for _ in $(seq 250); do
		grep -q -- "$1" "$dir/events" && return 0
		sleep .02
	done
	cat "$dir/events"
	return 1
}

@test "change: what a fault is limited to never becomes everybody, and a request that is wrong changes nothing" {
	change() { printf '{"protocol":1,"op":"change","lease":"n%s-%s-8",%s}\n' $$ "$BATS_TEST_NUMBER" "$1" >&8; }
	ask net.partition '{"to":["10.77.0.2","fd77::2"]}'
	change '"to":[],"exclude":[]'
	said '"event":"unchanged".*it would be about everybody'
	change '"to":["10.78.0.300"],"exclude":[]'
	said '"event":"failed".*"phase":"request"'
	of_b
	change '"to":["10.78.0.2","fd78::2"],"exclude":[]'
	said '"event":"changed"'
	of_c
	change '"to":["10.77.0.0/16","10.78.0.0/16","fd77::/16","fd78::2"],"exclude":["10.78.0.2","fd77::2"]'
	for _ in $(seq 250); do [ "$(grep -c '"event":"changed"' "$dir/events")" = 2 ] && break; sleep .02; done
	crossed
	revert
	ask net.down '{"device":"vc"}'
	change '"to":["10.78.0.2"],"exclude":[]'
	said '"event":"unchanged".*net.down has no peers to change'
	revert
}
