#!/usr/bin/env bats
# How a pod that was killed on a real node comes back, step by step, from its deletion to the first good answer.
# timeout 200 s
load cluster
load lost
setup() {
	REAL_NODES=1
	cluster_setup
}
teardown() { cluster_teardown; }

@test "pod.delete on a real kubelet, seen through the service: every step has its interval, in order" {
	web web 1 3
	lost_pod >"$T/e.yaml"
	run "${lab[@]}" "$ordeal" run "$T/e.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	report=$(readlink -f "$T/state/ordeal/runs/latest")/report.json
	came_back "$report"
	# A container that is really started, and three seconds until its first readiness probe.
	jq -e '.repetitions[0].cluster.pods[0] | (.first_good_answer.hi_ns - .deleted.lo_ns) | . > 2000000000 and . < 30000000000' "$report"
}
