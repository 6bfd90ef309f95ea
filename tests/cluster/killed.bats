#!/usr/bin/env bats
# `ordeal` itself is killed at any moment of a run against a cluster: its injector takes the fault back.
# timeout 240 s
load cluster
setup() { cluster_setup; }
teardown() { cluster_teardown; }

experiment() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: killed}
spec:
  hypothesis: What is asked for is taken back, whoever dies.
  probes:
    - name: there
      kube: {watch: deployment/web, namespace: $NS, that: "available >= 0"}
      every: 100ms
  steadyState: [there.ok_ratio >= 0.5 over 500ms]
  faults:
    - name: fewer
      workload.scale: {to: 1}
      target: {workload: Deployment/web, namespace: $NS}
      for: 1500ms
  objectives: [recover(after_rollback) within 10s hold 300ms]
  limits: {targets: 1, duration: 3s, cluster: kubelab}
END
}
held() {
	k get lease -o json | jq -r '.items[] | select(.spec.holderIdentity != null and .spec.holderIdentity != "") | .metadata.name'
}
free() { [ -z "$(held)" ]; }
spec_restored() { unchanged deployment/web && no_traces; }

@test "a run against a cluster passes and leaves nothing" {
	deployment web 3
	remember deployment/web
	experiment >"$T/e.yaml"
	run "$ordeal" run "$T/e.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	spec_restored
	free
}

@test "SIGKILL of ordeal before, during and after the injection, in force, and in the revert" {
	deployment web 3
	remember deployment/web
	experiment >"$T/e.yaml"
	struck=0
	for after in .1 .5 .8 1.2 1.6 2 2.4 2.8 3.2; do
		start "$ordeal" run "$T/e.yaml"
		sleep "$after"
		if ours "$pid"; then
			kill -KILL "$pid"
			struck=$((struck + 1))
		fi
		wait "$pid" || :
		until_ok 20 spec_restored
		until_ok 30 free
	done
	[ "$struck" -ge 5 ]
}

@test "SIGKILL of ordeal inject, while the fault is in force" {
	deployment web 3
	remember deployment/web
	start "$ordeal" inject workload.scale --workload Deployment/web --namespace "$NS" --context kubelab --to 0 --for 60s
	until_ok 30 is deployment/web .spec.replicas 0
	kill -KILL "$pid"
	until_ok 20 spec_restored
	until_ok 30 free
}
