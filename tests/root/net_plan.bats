#!/usr/bin/env bats
# What `ordeal plan --check` says of a network fault before it is done, and that it leaves nothing behind.

load net

setup() { net_setup && whole_runs; }
teardown() { net_teardown; }

# plan FAULT PARAMETERS [ENGINE]: what is said of it in A, as JSON in $dir/plan, as text in $dir/text.
plan() {
	cat >"$dir/plan.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: planned}
spec:
  hypothesis: It does not matter.
  probes:
    - {name: there, every: 100ms, exec: {command: [/bin/true]}}
  faults:
    - name: fault
      $1: $2
      target: {netns: $A}
      for: 1s
      ${3:+engine: $3}
  objectives: [recover(after_rollback) within 1s]
  limits: {targets: 1, duration: 2s}
END
	ip -n "$A" link >"$dir/before"
	in_a nft list ruleset >>"$dir/before"
	"$ordeal" plan --check --json "$dir/plan.yaml" >"$dir/plan"
	"$ordeal" plan --check "$dir/plan.yaml" >"$dir/text"
	sed -n '/^checked now/,$p' "$dir/text"
	ip -n "$A" link >"$dir/after"
	in_a nft list ruleset >>"$dir/after"
	diff "$dir/before" "$dir/after"
	[ -z "$(ls "$dir/run/ordeal/undo" 2>/dev/null)" ]
}
said() { jq -er ".checked[0] | $1" "$dir/plan"; }

@test "the engine that the packets' path asks for, and why" {
	plan net.delay '{delay: 5ms, device: va, to: [10.77.0.2]}'
	[ "$(said .engine)" = detour ]
	[ "$(said .why)" = "detour for what leaves va" ]
	said '.objects | map(select(test("^TAP"))) | length == 1'
	grep -qx '    engine     detour for what leaves va' "$dir/text"

	plan net.delay '{delay: 5ms, direction: ingress}'
	[ "$(said .engine)" = queue ]
	[[ $(said .why) == "queue for what this host receives by "*va* ]]

	plan net.loss '{percent: 1%, direction: both}'
	[ "$(said .engine)" = detour+queue ]
	[[ $(said .why) == "detour for what leaves va; queue for what this host receives by "* ]]
}

@test "what would be refused is told, with the reason" {
	plan net.delay '{delay: 5ms, device: nope}'
	said '.possible == false'
	[ "$(said .refused)" = "there is no device 'nope' in this network namespace" ]
	grep -q "fault: there is no device 'nope'" "$dir/text"

	plan net.delay '{delay: 5ms, direction: ingress}' detour
	said '.possible == false'
	[[ $(said .refused) == *"engine detour cannot take"* ]]
}

@test "nothing that would be hit was: packets go on meanwhile" {
	background "$dir/flow" ip netns exec "$A" ping -i 0.01 -c 300 -q 10.77.0.2 || :
	for _ in 1 2 3; do plan net.partition '{mode: drop, to: [10.77.0.2]}'; done
	said '.possible == true'
	wait "${started[-1]}"
	cat "$dir/flow"
	grep -q ' 0% packet loss' "$dir/flow"
}
