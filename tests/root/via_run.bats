#!/usr/bin/env bats
# A run whose fault is on another machine, a day ahead of this one by its clocks, while the probes stay here.

load net
load via

setup() { via_setup; }
teardown() { net_teardown; }

@test "the instants are on this machine's clock, as intervals, and fit what the probes saw" {
	experiment 2s
	in_a "$ordeal" run "$dir/e.yaml" >"$dir/out" 2>&1 || { cat "$dir/out" "$dir"/state/ordeal/runs/*/run.jsonl; false; }
	# The far stamps lie a day ahead; on our clock between the request and the line that told them.
	of fault injected | jq -e '.requested_t_lo <= .requested_t and .requested_t <= .at_t and .at_t <= .t and .at_t_lo <= .at_t
		and .at_t - .at_t_lo < 50000000 and .at_t - .requested_t < 1000000000'
	of fault reverted | jq -e '.cause == "removed" and .residue == 0 and .at_t_lo <= .at_t and .at_t <= .t'
	of resolved | jq -e '(.via | startswith("ssh -F")) and .clock_ns < 50000000'
	of fault checked | jq -e '.notes | any(test("leaves 10.77.0.1:[0-9]+/tcp alone"))'
	# In force for 2 s, give or take the link.
	held=$(($(of fault reverting | jq .at_t) - $(of fault injected | jq .at_t)))
	between 1.9 2.5 "$(awk -v ns="$held" 'BEGIN {print ns / 1e9}')"
	jq -e '.repetitions[0] | .impact.t_ns >= .requested.lo_ns and .impact.t_ns - .requested.t_ns < 500000000
		and .in_force.lo_ns == .requested.lo_ns and .cleared.lo_ns == .rollback_requested.lo_ns
		and .recovered.t_ns >= .rollback_requested.lo_ns' "$dir"/state/ordeal/runs/latest/report.json
}

@test "a session that is killed in the middle of a run: reverted there, the run says so and proves that nothing is left" {
	experiment 20s
	ip netns exec "$A" "$ordeal" run "$dir/e.yaml" >"$dir/out" 2>&1 8>&- 9>&- 3>&- &
	run=$!
	for _ in $(seq 500); do [ -z "$(of fault injected 2>/dev/null)" ] || break; sleep .02; done
	far_rules | grep -q ordeal
	kill -KILL "$(below_sshd 'sshd.*root' | tail -n1)"
	gone_within 2
	rc=0
	wait "$run" || rc=$?
	[ "$rc" = 6 ]
	of fault lost | jq -e '.message | test("^the link was lost: .*; its guardian there reverts by 20")'
	of fault reverted | jq -e '.cause == "rescued" and .residue == 0'
}

@test "a link that goes down in a run: gone there by its deadline, and the run waits until it can ask, then ends" {
	experiment 2s
	ip netns exec "$A" "$ordeal" run "$dir/e.yaml" >"$dir/out" 2>&1 8>&- 9>&- 3>&- &
	run=$!
	for _ in $(seq 500); do [ -z "$(of fault injected 2>/dev/null)" ] || break; sleep .02; done
	ip -n "$A" link set va down
	gone_within 4
	for _ in $(seq 1000); do [ -z "$(of fault lost 2>/dev/null)" ] || break; sleep .02; done
	address "$A" va 1 2>/dev/null || ip -n "$A" link set va up
	rc=0
	wait "$run" || rc=$?
	[ "$rc" = 6 ]
	of fault lost | jq -e '.message | test("its guardian there reverts by 20")'
	of fault reverted | jq -e '.cause == "rescued" and .residue == 0'
}

@test "a host key that changed: the run says so in ssh's own words before anything is made" {
	experiment 2s
	ssh-keygen -q -t ed25519 -N '' -f "$dir/other"
	echo "[10.77.0.2]:2222,[fd77::2]:2222 $(cut -d' ' -f1,2 "$dir/other.pub")" >"$dir/known"
	rc=0
	in_a "$ordeal" run "$dir/e.yaml" >"$dir/out" 2>&1 || rc=$?
	[ "$rc" = 6 ]
	grep -q 'Host key verification failed' "$dir/out"
	[ ! -d "$dir/state/ordeal/runs" ]
	in_a "$ordeal" plan "$dir/e.yaml" 2>&1 | grep 'cannot be resolved.*Host key verification failed'
}

@test "who is not root runs it through the same pipe; over IPv6 too" {
	chown -R nobody "$dir"
	experiment 1s
	sed -i 's/"10.77.0.2", /"fd77::2", /; s/cidr: 10.77.0.1.32/cidr: "fd77::1\/128"/; s/host: 10.77.0.2/host: "fd77::2"/' "$dir/e.yaml"
	serve_b fd77::2 7001
	chown -R nobody "$dir"
	in_a setpriv --reuid nobody --clear-groups "$ordeal" run "$dir/e.yaml" >"$dir/out" 2>&1 || { cat "$dir/out"; false; }
	of fault checked | jq -e '.notes | any(test("leaves .fd77::1.:[0-9]+/tcp alone"))'
	of fault reverted | jq -e '.residue == 0'
	jq -e '.repetitions[0].impact.t_ns != null' "$dir"/state/ordeal/runs/latest/report.json
}
