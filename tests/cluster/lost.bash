# A pod of a real node is lost, and seen to come back step by step.
# shellcheck shell=bash

# lost_pod [HOLD]: the experiment, for the deployment and service that `web` made.
lost_pod() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: pod-lost}
spec:
  hypothesis: A pod that is lost is replaced, and answers within 30 s.
  probes:
    - name: web
      http: {url: "http://$vip/", expect: {status: 200, within: 1s}}
      every: 100ms
      timeout: 1s # a virtual machine on a busy one
  steadyState: [web.ok_ratio >= 0.9 over 1s]
  faults:
    - name: lost
      pod.delete: {force: true}
      target: {pod: {selector: app=web}, namespace: $NS, count: 1}
      for: ${1:-20s}
  objectives: [recover(self) within 30s hold 1s]
  limits: {targets: 1, duration: 30s, cluster: kubelab}
END
}

# came_back REPORT: the one pod was replaced, each step has its interval, and none is over before the one before it has
# begun; and every figure follows from the timeline's lines.
came_back() {
	jq '.repetitions[0].cluster' "$1"
	[ "$(jq '.repetitions[0].cluster.pods | length' "$1")" = 1 ]
	jq -e '.repetitions[0].cluster.pods[0] | [.deleted, .created, .scheduled, .started, .ready, .in_endpointslice, .first_good_answer]
		| all(. != null and .lo_ns <= .hi_ns) and ([.[:-1], .[1:]] | transpose | all(.[0].lo_ns <= .[1].hi_ns))' "$1"
	jq -e '.repetitions[0].cluster.pods[0] | .replacement != .victim and .replacement_uid != .victim_uid' "$1"
	"$SOURCE_DIR/tests/cluster/recompute.py" "${1%/*}"
}
