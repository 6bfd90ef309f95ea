#!/usr/bin/env bats
# How a pod that was killed on a real node comes back, step by step, from its deletion to the first good answer.
# timeout 200 s
load cluster
setup() {
	REAL_NODES=1
	cluster_setup
}
teardown() { cluster_teardown; }

experiment() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: pod-lost}
spec:
  hypothesis: A pod that is lost is replaced, and answers within 30 s.
  probes:
    - name: web
      http: {url: "http://$vip/", expect: {status: 200, within: 400ms}}
      every: 100ms
      timeout: 400ms
  steadyState: [web.ok_ratio >= 0.9 over 1s]
  faults:
    - name: lost
      pod.delete: {force: true}
      target: {pod: {selector: app=web}, namespace: $NS, count: 1}
      for: 20s
  objectives: [recover(self) within 30s hold 1s]
  limits: {targets: 1, duration: 30s, cluster: kubelab}
END
}

@test "pod.delete on a real kubelet, seen through the service: every step has its interval, in order" {
	web web 1 3
	experiment >"$T/e.yaml"
	run "${lab[@]}" "$ordeal" run "$T/e.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	report=$(readlink -f "$T/state/ordeal/runs/latest")/report.json
	jq '.repetitions[0].cluster' "$report"
	[ "$(jq '.repetitions[0].cluster.pods | length' "$report")" = 1 ]
	# Each step is there, and none is over before the one before it has begun.
	jq -e '.repetitions[0].cluster.pods[0] | [.deleted, .created, .scheduled, .started, .ready, .in_endpointslice, .first_good_answer]
		| all(. != null and .lo_ns <= .hi_ns) and ([.[:-1], .[1:]] | transpose | all(.[0].lo_ns <= .[1].hi_ns))' "$report"
	# A container that is really started, and three seconds until its first readiness probe.
	jq -e '.repetitions[0].cluster.pods[0] | (.first_good_answer.hi_ns - .deleted.lo_ns) | . > 2000000000 and . < 30000000000' "$report"
	jq -e '.repetitions[0].cluster.pods[0] | .replacement != .victim and .replacement_uid != .victim_uid' "$report"
}
