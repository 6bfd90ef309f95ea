#!/usr/bin/env bats
# timeout 300 s
# pod.evict: the eviction API is asked, and what a PodDisruptionBudget says is a result.
load cluster
load lease
setup() { cluster_setup; }
teardown() { cluster_teardown; }

# budget NAME MIN: for app=web; returns when the disruption controller knows it.
budget() {
	k create poddisruptionbudget "$1" --selector=app=web --min-available="$2" >/dev/null
	until_ok 20 counted "$1"
}
counted() { [ "$(get "pdb/$1" .status.observedGeneration)" = 1 ] && [ "$(get "pdb/$1" .status.expectedPods)" -ge 1 ]; }
new_ones() { # NAMES: three that are available, and none of these
	is deployment/web .status.availableReplicas 3 && [ -z "$(comm -12 <(pods app=web) <(echo "$1"))" ]
}

@test "without a budget all are evicted" {
	deployment web 3
	was=$(pods app=web)
	HOLD=2 lease pod.evict '{}' "$(objects pods app=web)"
	until_ok 10 event injected
	over
	event reverted residue=-1
	figure_is evicted 3
	figure_is refused_by_budget 0
	[ "$(acted evicted)" = "$was" ]
	until_ok 20 new_ones "$was"
}

@test "skip: the budget's refusal is told in its own words, and the pod stays" {
	deployment web 3
	budget web 3
	was=$(pods app=web)
	HOLD=2 lease pod.evict '{}' "$(objects pods app=web)"
	until_ok 10 event injected
	over
	figure_is evicted 0
	figure_is refused_by_budget 3
	[ "$(acted refused)" = "$was" ]
	[[ $(events acted .detail | head -n 1) == *"disruption budget web needs 3 healthy pods and has 3"* ]]
	[ "$(pods app=web)" = "$was" ]
}

@test "wait: refused pods are asked for again, one after the other as the budget lets them go" {
	deployment web 3
	budget web 3
	was=$(pods app=web)
	low=$T/low
	(while :; do get deployment/web .status.availableReplicas; echo; done) >"$low" 2>/dev/null 3>&- 4>&- &
	watcher=$!
	started+=("$watcher")
	HOLD=40 lease pod.evict '{"refused":"wait"}' "$(objects pods app=web)"
	until_ok 10 event injected
	[ "$(acted refused)" = "$was" ]
	k patch pdb web --type=merge -p '{"spec":{"minAvailable":2}}' >/dev/null
	three() { [ "$(acted evicted | wc -l)" = 3 ]; }
	until_ok 35 three
	kill "$watcher"
	tell end
	over
	figure_is evicted 3
	figure_is refused_by_budget 3
	until_ok 20 new_ones "$was"
}

@test "two budgets on one pod: the API server cannot, and its words are told" {
	deployment web 2
	budget one 1
	budget two 1
	lease pod.evict '{}' "$(objects pods app=web)"
	until_ok 30 event failed phase=inject
	hang_up
	[[ $(events acted .detail | head -n 1) == *"more than one PodDisruptionBudget"* ]]
	[ "$(pods app=web | wc -l)" = 2 ]
}

@test "a budget's no is not on a pod that was made again meanwhile" {
	deployment web 2
	chosen=$(objects pods app=web | jq -c '.[:1]' | jq -c '.[0][4] = "00000000-0000-0000-0000-000000000000" | .')
	budget web 2
	lease pod.evict '{}' "$chosen"
	until_ok 10 event failed phase=inject
	hang_up
	[ "$(acted gone | wc -l)" = 1 ]
	[ "$(acted refused | wc -l)" = 0 ]
}

@test "the grace period reaches the pod, and its condition says who it was" {
	dead_node
	pod_on_dead_node one
	HOLD=1 lease pod.evict '{"grace":3000000000}' "$(objects pods)"
	over
	is pod/one .metadata.deletionGracePeriodSeconds 3
	is pod/one '.status.conditions[?(@.type=="DisruptionTarget")].reason' EvictionByEvictionAPI
}
