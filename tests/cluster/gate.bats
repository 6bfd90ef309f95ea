#!/usr/bin/env bats
# timeout 240 s
# What a stranger types from the README, and the gate of docs/ci: the commands are taken out and run against the API server. A
# release that stands the gate goes on; one that does not is taken back.
load cluster
setup() {
	cluster_setup
	mkdir "$T/bin" "$T/job"
	ln -s "$CLUSTER/kubectl" "$T/bin/kubectl"
	ln -s "$ordeal" "$T/bin/ordeal"
	export PATH=$T/bin:$PATH CONTEXT=kubelab GITHUB_STEP_SUMMARY=$T/summary
	cd "$T/job" || return 1
	# Quick enough for a test, and not on other tests' nodes; the shell stays as it is.
	mkdir -p ordeal/experiments
	cp -r "$SOURCE_DIR/experiments/kubernetes" ordeal/experiments/
	sed -i 's/^      containers:/      nodeSelector: {type: kwok}\n&/' ordeal/experiments/kubernetes/shop/system.yaml
	sed -i 's/for: [12]0s/for: 4s/; s/duration: [12]0s/duration: 4s/' ordeal/experiments/kubernetes/*.yaml
}
teardown() {
	k delete namespace shop --wait=true --ignore-not-found >/dev/null 2>&1
	cluster_teardown
}

# readme: the commands of its section, with the cluster of the tests for `staging`, as one user in one folder.
readme() {
	sed -n '/^## In a cluster/,/^## /s/^    \(kubectl\|ordeal\) /\1 /p' "$SOURCE_DIR/README.md" | sed 's/  *#.*//; s/\bstaging\b/kubelab/g' >"$T/readme.sh"
	(cd ordeal && bash -eux "$T/readme.sh")
}

@test "the README's way: a system, a role, who would be hit, a run, its report, nothing left" {
	run readme
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(wc -l <"$T/readme.sh")" -ge 7 ]
	[[ $output == *"kind: Role"* || $output == *"role.rbac.authorization.k8s.io/ordeal-stuck-endpoints"* ]]
	[[ $output == *"1 would be hit"* ]]
	[[ $output == *"passed: 1 of 1 objectives met"* ]]
	[ -s "$(find ordeal/runs/ -name report.html | head -n 1)" ]
	# The last of them took the system away.
	until_ok 30 gone namespace/shop
}
gone() { ! k get "$1"; }

gate() { python3 "$SOURCE_DIR/tests/demo/recipe.py" "$SOURCE_DIR/docs/ci/github-deployment-gate.yml" run; }

@test "a release that stands it goes on" {
	run gate
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"ordeal rescue --kube"* ]]
	[[ $output != *"rollout undo"* ]]
	[ "$(find ordeal-runs -name junit.xml | wc -l)" = 2 ]
	grep -q '^### stuck-endpoints' "$T/summary"
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
