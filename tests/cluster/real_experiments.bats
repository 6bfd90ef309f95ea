#!/usr/bin/env bats
# timeout 360 s
# The ready experiments whose point is what a node does: an image that cannot be pulled, pods that answer, and others that
# depend on them. On real nodes, whose users ask every 100 ms; each where its hypothesis is true and where it is not.
load cluster
load shop

# box: a filter for `shop`: what stands in the file, by the one image that the nodes have. Faster, or the test would wait.
box='if .kind == "Deployment" then .spec.progressDeadlineSeconds = 8
	| .spec.template.spec.nodeSelector = {"kubelab/real": "true"}
	| .spec.template.spec.terminationGracePeriodSeconds = 1
	| .spec.template.spec.containers[0] |= (.image = "docker.io/library/box:1" | del(.args)
		| .command = ["sh", "-c", "hostname >/www/index.html; exec httpd -f -p 8080 -h /www"])
	else . end'
# alone: without a store, which this experiment has nothing to do with.
alone='select(.metadata.name != "store")'
# It is ready as long as its store answers: the kubelet asks that, by an address that is known beforehand.
store_ip=10.96.7.7
needs_store="if .kind == \"Service\" and .metadata.name == \"store\" then .spec.clusterIP = \"$store_ip\" else . end
	| $(orders ".spec.template.spec.containers[0].readinessProbe = {httpGet: {host: \"$store_ip\", port: 80}, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1}")"

setup_file() {
	shops_setup
	if WHY_NOT=$(why_no_nodes); then
		export WHY_NOT
		return
	fi
	real_cluster 2 0
	export LAB
	shop failed-rollout "$box | $alone"
	shop failed-rollout.recreate "$box | $alone | $(orders '.spec.strategy = {type: "Recreate"}')"
	shop failed-rollout.silent "$box | $alone | $(orders '.spec.progressDeadlineSeconds = 600')"
	shop registry-unreachable "$box | $alone"
	shop registry-unreachable.greedy "$box | $alone | $(orders '.spec.strategy.rollingUpdate = {maxSurge: 0, maxUnavailable: 2}')"
	shop pod-loss "$box | $alone"
	shop pod-loss.slow "$box | $alone | $(orders '.spec.replicas = 2 | .spec.template.spec.containers[0].readinessProbe.initialDelaySeconds = 9')"
	shop dependency-gone "$box"
	shop dependency-gone.hard "$box | $needs_store"
	shops_make
	runs
}
setup() { [ -z "${WHY_NOT:-}" ] || skip "$WHY_NOT"; }
teardown_file() { shops_teardown; }

# with_users RUN: the experiment with its users' probe, as its comment says, at the address of orders.
with_users() {
	mkdir -p "$T/runs/$1"
	of "$1"
	experiment "${1%%.*}" "$NS" | sed 's/^    # - name: users/    - name: users/; s/^    #   \(http:\|every:\)/      \1/
		s/orders.shop.example/'"$(get service/orders .spec.clusterIP)"'/' >"$T/runs/$1/e.yaml"
	grep -q '^      http:' "$T/runs/$1/e.yaml"
}

runs() {
	local run
	for run in pod-loss pod-loss.slow dependency-gone dependency-gone.hard; do with_users $run; done
	begin failed-rollout --set 'spec.faults[0].for=16s'
	begin failed-rollout.recreate --set 'spec.faults[0].for=16s'
	begin failed-rollout.silent --set 'spec.faults[0].for=34s'
	begin registry-unreachable --set 'spec.faults[0].for=36s'
	begin registry-unreachable.greedy --set 'spec.faults[0].for=16s'
	begin pod-loss --set spec.repetitions=1 --set 'spec.faults[0].for=10s'
	begin pod-loss.slow --set spec.repetitions=1 --set 'spec.faults[0].for=14s'
	begin dependency-gone --set 'spec.faults[0].for=6s'
	begin dependency-gone.hard --set 'spec.faults[0].for=18s'
}

# pulled_in_vain: a kubelet said so, in the pod's status or, where that is late, by an Event.
pulled_in_vain() {
	jq -es 'any(.[]; .e == "kube" and ((.what == "waiting" and (.reason | . == "ErrImagePull" or . == "ImagePullBackOff"))
		or (.what == "event" and (.message // "" | test("ErrImagePull|ImagePullBackOff|[Ff]ailed to pull image")))))' "$timeline" >/dev/null ||
		{ grep '"e":"kube"' "$timeline" && return 1; }
}

@test "failed-rollout, registry-unreachable: the release before stays in service, and the roll-out is reported as stuck" {
	for run in failed-rollout registry-unreachable; do
		ended $run 0
		objective "detect(" met
		objective "recover(after_rollback)" met
		pulled_in_vain
		[ "$(jq '[.repetitions[0].probes[] | select(.name == "orders") | .[] | .bad?] | add' "$report")" = 0 ]
		is deployment/orders '.spec.template.spec.containers[0].image' docker.io/library/box:1
		clean
	done
}

@test "failed-rollout, registry-unreachable: where users are hit as well it is ended, and has failed" {
	for run in failed-rollout.recreate registry-unreachable.greedy; do
		ended $run 3
		says "orders.ok_ratio < 0.8"
		until_ok 30 is deployment/orders .status.availableReplicas 3
		clean
	done
}

@test "failed-rollout: a roll-out that nobody gives up is not reported" {
	ended failed-rollout.silent 1
	objective "detect(" missed
	objective "recover(after_rollback)" met
	clean
}

@test "pod-loss: users are served while one is lost, and its way back is drawn" {
	ended pod-loss 0
	objective "recover(self)" met
	acted deleted
	jq -e '[.repetitions[0].probes[] | select(.name == "users") | .during.good] | .[0] > 20' "$report"
	figure '.cluster.pods[0] | [.deleted, .created, .scheduled, .started, .ready, .in_endpointslice] | all(. != null)'
}

@test "pod-loss: with two pods that take long to start users have to wait" {
	ended pod-loss.slow 1
	objective "recover(self)" missed
	figure '.time_to_recover_self | .lo_ns > 5000000000 or .censored'
}

@test "dependency-gone: orders stays up without its store" {
	ended dependency-gone 0
	objective "recover(self)" met
	objective "recover(after_rollback)" met
	until_ok 30 is deployment/store .status.availableReplicas 2
	clean
}

@test "dependency-gone: an orders that is not ready without its store" {
	ended dependency-gone.hard 1
	objective "recover(self)" missed
	objective "recover(after_rollback)" met
	figure '.impact != null and .recovered != null'
	clean
}
