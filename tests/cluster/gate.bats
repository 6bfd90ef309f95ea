#!/usr/bin/env bats
# timeout 240 s
# The gate of docs/ci: its shell is taken out and run against the API server. A release that stands it goes on; one that
# does not is taken back.
load cluster
setup() {
	cluster_setup
	mkdir "$T/bin" "$T/job"
	ln -s "$CLUSTER/kubectl" "$T/bin/kubectl"
	ln -s "$ordeal" "$T/bin/ordeal"
	ln -s "$SOURCE_DIR" "$T/job/ordeal"
	export PATH=$T/bin:$PATH CONTEXT=kubelab GITHUB_STEP_SUMMARY=$T/summary
	cd "$T/job" || return 1
	# Quick enough for a test; the shell stays as it is.
	rm ordeal
	mkdir -p ordeal/experiments
	cp -r "$SOURCE_DIR/experiments/kubernetes" ordeal/experiments/
	sed -i 's/for: [12]0s/for: 4s/; s/duration: [12]0s/duration: 4s/' ordeal/experiments/kubernetes/*.yaml
}
teardown() {
	k delete namespace shop --wait=true --ignore-not-found >/dev/null 2>&1
	cluster_teardown
}

gate() { python3 "$SOURCE_DIR/tests/demo/recipe.py" "$SOURCE_DIR/docs/ci/github-deployment-gate.yml" run; }

@test "a release that stands it goes on" {
	run gate
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"ordeal rescue --kube"* ]]
	[[ $output != *"rollout undo"* ]]
	[ "$(find ordeal-runs -name junit.xml | wc -l)" = 2 ]
	grep -q '^# stuck-endpoints' "$T/summary"
	NS=shop no_traces
}

@test "one that does not is taken back, and all is reported" {
	sed -i 's/recover(after_rollback) within 10s hold 3s/recover(self) within 1s hold 1s/' ordeal/experiments/kubernetes/stuck-endpoints.yaml
	"$CLUSTER/kubectl" apply -f ordeal/experiments/kubernetes/shop/system.yaml >/dev/null
	NS=shop until_ok 30 is deployment/orders .status.availableReplicas 3
	sed -i 's/agnhost:2.53/agnhost:2.54/' ordeal/experiments/kubernetes/shop/system.yaml
	run gate
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"ordeal rescue --kube"* ]]
	[[ $output == *"rollout undo"* ]]
	NS=shop is deployment/orders '.spec.template.spec.containers[0].image' registry.k8s.io/e2e-test-images/agnhost:2.53
	grep -q '<failure' ordeal-runs/*/junit.xml
	NS=shop no_traces
}
