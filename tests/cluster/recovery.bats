#!/usr/bin/env bats
# How a pod that was killed on a real node comes back, step by step, from its deletion to the first good answer.
# timeout 300 s
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
	# Its image is there already, which the kubelet says in an Event.
	jq -e '.repetitions[0].cluster.pods[0] | .image_pulled != null and .not_reached == null' "$report"
	# Its evidence: an arrival, and a stamp of whole seconds by whose clock; from what a probe saw, its sample.
	jq -e '.repetitions[0].cluster.pods[0] | [.created, .scheduled, .image_pulled, .started, .ready, .in_endpointslice] |
		all(.arrival_ns >= .lo_ns and (.stamp | endswith("Z")) and (.offset_ns | length == 2) and
			(.clock == "server" or .clock == "writer"))' "$report"
	# The workload's recovery is one figure, the pod's another: available again is not before a pod is ready.
	jq -e '.repetitions[0].cluster | (.workloads[] | select(.name == "web" and .target)) as $w |
		$w.least_available == 0 and $w.lasted.censored == false and $w.again.hi_ns >= .pods[0].ready.lo_ns' "$report"
	# The condition of its own workload is no bystander's.
	jq -e '.repetitions[0].cluster | all(.also_happened[]; .name != "web") and
		any(.own_effects[]; .what == "Available" and .who == "workload")' "$report"
}

# set_of_one NAME IMAGE: a stateful set of one web server, whose next pod gets another image only once this one is deleted.
set_of_one() {
	k apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1}
spec:
  replicas: 1
  serviceName: $1
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      nodeSelector: {kubelab/real: "true"}
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: $2
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "hostname >/www/index.html; exec httpd -f -p 8080 -h /www"]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: $1}
spec: {selector: {app: $1}, ports: [{port: 80, targetPort: 8080}]}
END
}

@test "a pod whose image cannot be pulled: the step is shown as not reached, with the reason" {
	set_of_one web docker.io/library/box:1
	until_ok 60 is statefulset/web .status.availableReplicas 1
	vip=$(get service/web .spec.clusterIP)
	until_ok 20 "${lab[@]}" curl -fsS -m 1 "http://$vip/"
	set_of_one web registry.invalid/none:1
	lost_pod >"$T/e.yaml"
	run "${lab[@]}" "$ordeal" run "$T/e.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	dir=$(readlink -f "$T/state/ordeal/runs/latest")
	jq '.repetitions[0].cluster' "$dir/report.json"
	jq -e '.repetitions[0].cluster.pods[0] | .replacement == "web-0" and .replacement_uid != .victim_uid and
		.scheduled != null and .image_pulled == null and .started == null and .ready == null and
		.not_reached == "image_pulled" and .time_to_ready.censored and .time_to_ready.value_ns == null and
		(.hindrance.reason | . == "ErrImagePull" or . == "ImagePullBackOff") and (.hindrance.message | contains("registry.invalid"))' \
		"$dir/report.json"
	# Its warnings are the replacement's, not a bystander's.
	jq -e '.repetitions[0].cluster | all(.also_happened[]; .name != "web-0") and
		any(.own_effects[]; .what == "waiting" and .who == "replacement")' "$dir/report.json"
	grep -q 'not reached: image pulled: \(ErrImagePull\|ImagePullBackOff\)' "$dir/report.html"
	grep -q 'image pulled: \(ErrImagePull\|ImagePullBackOff\)' "$dir/report.md"
	"$SOURCE_DIR/tests/cluster/recompute.py" "$dir"
}
