#!/usr/bin/env bats
# timeout 400 s
# The ready experiments with pods and nodes that go, shortened, on the system that they are written for.
load cluster
setup() {
	cluster_setup
	# The system of the files, on played nodes, in the test's own namespace.
	sed "s/namespace: shop/namespace: $NS/; /^kind: Namespace/,/^---/d; s/^      containers:/      nodeSelector: {type: kwok}\n      containers:/" \
		"$SOURCE_DIR/experiments/kubernetes/shop/system.yaml" | grep -v '^metadata: {name: shop}' | k apply -f - >/dev/null
	until_ok 40 is deployment/orders .status.availableReplicas 3
	until_ok 20 is pdb/orders .status.currentHealthy 3
}
teardown() { cluster_teardown; }

# experiment NAME OPTION...: runs it; its report is $T/r/latest/report.json.
experiment() {
	local name=$1
	shift
	sed "s/namespace: shop/namespace: $NS/" "$SOURCE_DIR/experiments/kubernetes/$name.yaml" >"$T/$name.yaml"
	run "$ordeal" run "$T/$name.yaml" --context kubelab -o "$T/r" --quiet --format json "$@"
	echo "$output"
}
acted_in() { grep -c "\"what\":\"$1\"" "$T"/r/latest/run.jsonl; }

@test "pod-loss" {
	experiment pod-loss --set spec.repetitions=1 --set 'spec.faults[0].for=4s'
	[ "$status" = 0 ]
	[ "$(acted_in deleted)" -ge 1 ]
}

@test "rolling-pod-loss: two at least stay ready" {
	experiment rolling-pod-loss --set 'spec.faults[0].for=7s' --set 'spec.faults[0].pod.delete.every=2s'
	[ "$status" = 0 ]
	[ "$(acted_in deleted)" -ge 2 ]
	[ "$(acted_in skipped)" -ge 1 ]
}

@test "budget-honoured: the budget's refusals are in the timeline" {
	experiment budget-honoured --set 'spec.faults[0].for=8s'
	[ "$status" = 0 ]
	[ "$(acted_in refused)" -ge 1 ]
	grep -q 'disruption budget orders' "$T"/r/latest/run.jsonl
}

@test "node-drain: the node is given back" {
	played_node own zone-9
	remember "node/$NS-own"
	experiment node-drain --set "spec.faults[0].target.node=$NS-own" --set 'spec.faults[0].for=4s'
	[ "$status" = 0 ]
	unchanged "node/$NS-own"
	no_traces
}
