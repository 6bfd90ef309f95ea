#!/usr/bin/env bats
# timeout 360 s
# The ready experiments fail where what they try is broken. That they pass where it is not is in access/rights.bats; what
# needs containers that really run is in real_experiments.bats.
load cluster
load shop

# late SECONDS: a filter for `shop`: pods of orders count as available so long after they are ready.
late() { orders ".spec.minReadySeconds = $1"; }
# Who does not recover is waited for, so not for long.
soon=(--set 'spec.objectives[1]=recover(after_rollback) within 8s hold 3s' --set spec.recovery=12s)

setup_file() {
	shops_setup
	shop budget-honoured "$no_budget | $(late 3)"
	shop control-plane-blink "$(own_nodes control-plane-blink) | $(orders '.spec.replicas = 2')"
	shop dependency-gone
	shop dependency-isolated
	shop mesh-abort
	shop mesh-delay
	shop node-drain "$no_budget | $(late 3) | $(own_nodes node-drain)"
	shop node-drain.full "$no_budget | $(own_nodes node-drain.full)"
	shop pod-loss "$(orders '.spec.replicas = 1')"
	shop rolling-pod-loss "$(late 8)"
	shop stuck-endpoints
	shop zone-loss "$(own_nodes zone-loss)"
	of control-plane-blink && played_node a zone-x
	of node-drain && played_node a zone-x
	of node-drain.full && played_node a zone-x
	of zone-loss && played_node a "$PREFIX" && played_node b "$PREFIX"
	shops_make
	# What is the name service elsewhere.
	NS=kube-system deployment "$PREFIX" 2
	runs
}
teardown_file() {
	[ -z "${PREFIX:-}" ] || all -n kube-system delete deployment "$PREFIX" --wait=false --ignore-not-found >/dev/null 2>&1 || :
	shops_teardown
}

runs() {
	# Long enough for what the test does in the middle of it on a busy machine; and no abort comes before the objective is missed.
	local short=(--set 'spec.faults[0].for=8s' --set spec.recovery=14s) patient=(--set 'spec.abort[0]=orders.ok_ratio < 0.01 over 40s')
	begin budget-honoured "${short[@]}" "${patient[@]}"
	# A pod that is made now has no room.
	all cordon "$PREFIX-control-plane-blink-a" >/dev/null
	begin control-plane-blink --set "spec.faults[0].target.pod.selector=app=$PREFIX" --set 'spec.faults[0].for=15s' \
		--set 'spec.faults[1].for=12s' --set spec.recovery=13s
	begin dependency-gone --set 'spec.faults[0].for=8s' "${soon[@]}"
	begin dependency-isolated "${short[@]}"
	begin mesh-abort "${short[@]}"
	begin mesh-delay "${short[@]}"
	of node-drain && played_node b zone-x
	begin node-drain --set "spec.faults[0].target.node=$PREFIX-node-drain-a" "${short[@]}" "${patient[@]}"
	begin node-drain.full --set "spec.faults[0].target.node=$PREFIX-node-drain-full-a"
	begin pod-loss
	begin rolling-pod-loss --set 'spec.faults[0].for=20s' --set 'spec.faults[0].pod.delete.every=1s' \
		"${patient[@]}" "${soon[@]}"
	begin stuck-endpoints "${short[@]}"
	begin zone-loss --set "spec.faults[0].target.node.zone=$PREFIX" --set "spec.faults[1].target.pod.zone=$PREFIX" \
		--set 'spec.faults[0].for=27s' --set 'spec.faults[1].for=24s' "${patient[@]}" "${soon[@]}"

	# An orders that does not stand the loss of its store, and does not come again either.
	for run in dependency-gone dependency-isolated mesh-abort mesh-delay; do
		once "$run" '"state":"injected"' k scale deployment/orders --replicas=0
	done
	# Somebody repairs the selector, and errs.
	once stuck-endpoints '"state":"injected"' k patch service orders --type=merge -p '{"spec": {"selector": {"app": "odrers"}}}'
}

@test "budget-honoured: without a budget all go at once, and two are back too late" {
	ended budget-honoured 1
	objective "recover(self)" missed
	acted evicted 3
	not acted refused
}

@test "control-plane-blink: the pod that starts meanwhile gets no room" {
	ended control-plane-blink 1
	objective "recover(self)" missed
	acted deleted 3
	grep -q '"what":"unschedulable"' "$timeline"
}

@test "dependency-gone: orders goes with its store" {
	ended dependency-gone 1
	objective "recover(self)" missed
	objective "recover(after_rollback)" missed
	is deployment/store .spec.replicas 2
	clean
}

@test "dependency-isolated, mesh-abort, mesh-delay: orders does not come again when its store has" {
	for run in dependency-isolated mesh-abort mesh-delay; do
		ended $run 1
		objective "recover(after_rollback)" missed
		clean
	done
}

@test "node-drain: without a budget all of them go, and are back too late" {
	ended node-drain 1
	objective "recover(self)" missed
	objective "recover(after_rollback)" met
	acted evicted 3
	clean
}

@test "node-drain: with nowhere to go to the run is aborted, and the node given back" {
	ended node-drain.full 3
	says "orders.ok_ratio < 0.2"
	is node/"$NS-a" .spec.unschedulable ""
	until_ok 30 is deployment/orders .status.availableReplicas 3
	clean
}

@test "pod-loss: of one pod none may be lost: nothing is done" {
	ended pod-loss 4
	not acted deleted
	[ "$(jq -s '[.[] | select(.e == "fault")] | length' "$timeline")" = 0 ]
	clean
}

@test "rolling-pod-loss: pods that are ready before they can serve" {
	ended rolling-pod-loss 1
	objective "recover(self)" missed
	acted deleted 3
}

@test "stuck-endpoints: a selector that somebody else got wrong stays so" {
	ended stuck-endpoints 1
	objective "recover(after_rollback)" missed
	is service/orders .spec.selector '{"app":"odrers"}'
	clean
}

@test "zone-loss: all pods were in the one zone" {
	ended zone-loss 1
	objective "recover(self)" missed
	objective "recover(after_rollback)" met
	until_ok 30 is deployment/orders .status.availableReplicas 3
	clean
}
