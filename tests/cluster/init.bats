#!/usr/bin/env bats
# timeout 180 s
# ordeal init --workload: what it writes is what is there, passes validate, and a placebo run.
load cluster
setup() {
	cluster_setup
	cd "$T" || return 1
}
teardown() { cluster_teardown; }

init() { "$ordeal" init --context kubelab --namespace "$NS" "$@"; }

@test "it says what is there, and a placebo run of it passes" {
	deployment web 3
	service web
	k create poddisruptionbudget web --selector=app=web --min-available=2 >/dev/null
	k autoscale deployment web --min=2 --max=5 --cpu=50% >/dev/null
	until_ok 20 is pdb/web .status.disruptionsAllowed 1
	init --workload deployment/web -o mine.yaml
	cat mine.yaml
	grep -q "Deployment $NS/web: 3 of 3 replicas ready" mine.yaml
	grep -q "Service web leads to it" mine.yaml
	grep -q "PodDisruptionBudget web (minAvailable 2) allows 1 eviction now" mine.yaml
	grep -q "HorizontalPodAutoscaler web keeps it between 2 and 5" mine.yaml
	grep -q "Without a readiness probe" mine.yaml
	run "$ordeal" validate mine.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	# The placebo alone: the fault of the file is taken for one that does nothing.
	sed 's/pod.delete: .*/noop: {}/' mine.yaml >noop.yaml
	run "$ordeal" run noop.yaml --quiet --set spec.placebo=false --set spec.recovery=65s --format json,md
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(pods app=web | wc -l)" = 3 ]
}

@test "the run itself: a pod is lost and comes again" {
	deployment web 3
	init --workload deploy/web -o mine.yaml
	pods app=web >before
	run "$ordeal" run mine.yaml --quiet --set spec.placebo=false --format json
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(pods app=web | comm -23 before - | wc -l)" = 1 ]
	no_traces
}

@test "stateful sets, daemon sets, and what there is but one of" {
	k create -f - >/dev/null <<-END
		{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"serviceName": "db", "replicas": 2,
		"selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db"}},
		"spec": {"nodeSelector": {"type": "kwok"}, "containers": [{"name": "main", "image": "played:1"}]}}}}
		{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": {
		"selector": {"matchLabels": {"app": "agent"}}, "template": {"metadata": {"labels": {"app": "agent"}},
		"spec": {"nodeSelector": {"ordeal.test": "$NS"}, "containers": [{"name": "main", "image": "played:1"}]}}}}
	END
	played_node a zone-x
	played_node b zone-x
	deployment solo 1
	until_ok 30 is statefulset/db .status.availableReplicas 2
	until_ok 30 is daemonset/agent .status.numberAvailable 2
	for workload in statefulset/db daemonset/agent deployment/solo; do
		init --workload $workload -o mine.yaml
		run "$ordeal" validate mine.yaml --context kubelab
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"would hit 1"* ]]
		pods "app=${workload#*/}" >before
		k get pods -l "app=${workload#*/}" -o json | jq -r '.items[].metadata.uid' | sort >uids
		run "$ordeal" run mine.yaml --quiet --set spec.placebo=false --format json
		echo "$output"
		[ "$status" -eq 0 ]
		[ "$(k get pods -l "app=${workload#*/}" -o json | jq -r '.items[].metadata.uid' | sort | comm -13 uids - | wc -l)" -ge 1 ]
		mv mine.yaml "${workload#*/}.yaml"
	done
	grep -q "There is but one: whatever hits it is felt until another has come" solo.yaml
	grep -q "2 of 2 replicas ready, on 2 nodes" agent.yaml
}

@test "what is not there, not well, or no workload is said" {
	run init --workload deployment/none
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"there is no Deployment 'none' in namespace '$NS'"* ]]
	run init --workload web
	[ "$status" -eq 2 ]
	[[ $output == *"not KIND/NAME"* ]]
	run init --workload job/x
	[ "$status" -eq 2 ]
	[[ $output == *"ends by itself"* ]]
	run "$ordeal" init --workload deployment/web
	[ "$status" -eq 2 ]
	[[ $output == *"--context is missing"* ]]
	deployment idle 0
	run init --workload deployment/idle
	[ "$status" -eq 2 ]
	[[ $output == *"no replicas"* ]]
	k create deployment stuck --image=x --dry-run=client -o json |
		jq '.spec.template.spec.nodeSelector = {"nothing": "here"}' | k apply -f - >/dev/null
	until_ok 20 is deployment/stuck .status.replicas 1
	run init --workload deployment/stuck
	[ "$status" -eq 6 ]
	[[ $output == *"is not well"* ]]
}
