#!/usr/bin/env bats
# What else happens while a fault lasts: told as "also happened" of bystanders, and apart from it of the fault's own.
# timeout 180 s
load cluster
setup() { cluster_setup; }
teardown() { cluster_teardown; }

# during COMMAND...: while the fault of the run below $T/runs is held.
during() {
	(
		until_ok 30 grep -qs '"phase":"hold"' "$T/runs/latest/run.jsonl"
		"$@"
	) >"$T/during" 2>&1 3>&- &
	started+=($!)
}

# experiment HOLD FAULT TARGET [OBJECTIVE]: in $T/e.yaml.
experiment() {
	cat >"$T/e.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: collateral}
spec:
  probes:
    - name: orders
      kube: {watch: deployment/orders, namespace: $NS, that: exists}
      every: 100ms
  steadyState: [orders.ok_ratio >= 0.99 over 1s]
  faults:
    - name: hit
      $2
      target: $3
      for: $1
  limits: {targets: 3, duration: 60s, cluster: kubelab}
  objectives: ["${4:-detect(kubernetes:$NS/event/Unhealthy) within 10s}"]
END
}

# ran: runs it; $status, and $dir the folder of the run.
ran() {
	run "$ordeal" run "$T/e.yaml" --output "$T/runs"
	dir=$T/runs/latest
	echo "$output"
	[ ! -e "$T/during" ] || cat "$T/during"
	jq '.repetitions[0].cluster | {also_happened, own_effects, blind}' "$dir/report.json"
}

# event POD REASON: a warning about it, as its kubelet writes one.
event() {
	local uid now
	uid=$(k get pod "$1" -o jsonpath='{.metadata.uid}') now=$(date -u +%FT%TZ)
	k create -f - <<END
apiVersion: v1
kind: Event
metadata: {name: $1.$2}
involvedObject: {kind: Pod, namespace: $NS, name: $1, uid: $uid, apiVersion: v1}
reason: $2
message: "Readiness probe failed: HTTP probe failed with statuscode: 500"
type: Warning
firstTimestamp: $now
lastTimestamp: $now
count: 1
END
}

# one of each kind, to pods and a node that no fault has chosen.
trouble() {
	local pods
	mapfile -t pods < <(pods app=other)
	k patch pod "${pods[0]}" --subresource=status --type=merge -p '{"status": {"containerStatuses": [{"name": "main", "image": "played:1",
		"imageID": "", "ready": false, "restartCount": 1, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
		"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:00Z"}}}]}}'
	event "${pods[1]}" Unhealthy
	k create --raw "/api/v1/namespaces/$NS/pods/${pods[2]}/eviction" -f - <<END
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "${pods[2]}", "namespace": "$NS"}}
END
	k run nowhere --image=played:1 --overrides='{"spec": {"nodeSelector": {"no": "such-node"}}}'
	k patch node "$NS-a" --subresource=status --type=strategic -p '{"status": {"conditions": [{"type": "MemoryPressure", "status": "True",
		"reason": "Bench", "lastTransitionTime": "2026-01-01T00:00:00Z", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]}}'
}

also() { jq -e "any(.repetitions[0].cluster.also_happened[]; $1)" "$dir/report.json" >/dev/null || { echo "not there: $1" && return 1; }; }
own() { jq -e "any(.repetitions[0].cluster.own_effects[]; $1)" "$dir/report.json" >/dev/null || { echo "not there: $1" && return 1; }; }

@test "restarts, evictions, Pending pods, failed probes of bystanders, node conditions: each is told" {
	deployment orders 2
	deployment other 3
	played_node a zone-a
	during trouble
	experiment 8s 'workload.restart: {}' "{workload: {name: orders, namespace: $NS}}"
	ran
	also '.what == "restarted" and .detail == "OOMKilled" and .times == 1 and (.name | startswith("other-"))'
	also '.what == "Unhealthy" and .kind == "Pod" and (.name | startswith("other-"))'
	also '.what == "evicted" and .detail == "EvictionByEvictionAPI" and (.name | startswith("other-"))'
	also '.what == "unschedulable" and .name == "nowhere"'
	also ".what == \"MemoryPressure\" and .kind == \"Node\" and .name == \"$NS-a\" and .times_before == 0"
	# The Event is the channel's too.
	jq -e '.repetitions[0].detections[] | select(.channel | contains("event/Unhealthy")) | .state == "noticed"' "$dir/report.json"
	# Nothing of it is the fault's own, and nothing of what was restarted is a bystander's.
	jq -e '.repetitions[0].cluster | all(.own_effects[]; .name | startswith("orders")) and
		all(.also_happened[]; .name | startswith("orders") | not)' "$dir/report.json"
}

@test "what befalls the targets, their workload and who comes in their place is the fault's own, and no bystander's" {
	deployment orders 3
	# A quota that lets nobody come in their place, until the fault has been held for a while.
	k create quota none --hard=pods=0 >/dev/null
	until_ok 20 is resourcequota/none .status.used.pods 3
	let_them_come() { sleep 3 && k delete quota none; }
	during let_them_come
	experiment 12s 'pod.delete: {}' "{pod: {namespace: $NS, selector: app=orders}, count: 2}"
	ran
	own '.what == "Available" and .kind == "Deployment" and .name == "orders" and .who == "workload"'
	own '.what == "FailedCreate" and .kind == "ReplicaSet" and .who == "workload"'
	jq -e '.repetitions[0].cluster.also_happened | all(.name | startswith("orders") | not)' "$dir/report.json"
	"$SOURCE_DIR/tests/cluster/recompute.py" "$dir"
}

@test "what may not be watched is told in every format: what, from when, and why" {
	deployment orders 3
	k create serviceaccount weak >/dev/null
	sed '/client-key-data/d; s/client-certificate-data:.*/token: '"$(k create token weak)/" "$KUBECONFIG" >"$T/weak"
	experiment 2s 'pod.delete: {}' "{pod: {namespace: $NS, selector: app=orders}, count: 1}" 'recover(self) within 5s'
	"$ordeal" rbac "$T/e.yaml" --service-account "$NS/weak" --name "$NS" --json 2>/dev/null |
		jq '.items |= map(select(.kind | startswith("ClusterRole") | not))' >"$T/roles"
	"$CLUSTER/kubectl" apply -f "$T/roles" >/dev/null
	until_ok 10 "$CLUSTER/kubectl" auth can-i watch pods -n "$NS" --as="system:serviceaccount:$NS:weak"
	KUBECONFIG=$T/weak ran
	[ "$status" -eq 0 ]
	jq -e '.repetitions[0].cluster.blind | length == 1 and (.[0] | .kind == "Node" and .to_ns == null and .line > 0 and
		(.why | contains("nodes")) and (.why | contains("forbidden")))' "$dir/report.json"
	grep -q 'Not seen: Node, from .*forbidden' "$dir/report.html"
	grep -q '^- 1: Node, from .*forbidden' "$dir/report.md"
	grep -q 'name="ordeal.cluster.not_seen" value="repetition 1: Node, from .*forbidden' "$dir/junit.xml"
	# The rest was seen.
	jq -e '.repetitions[0].cluster.pods[0].ready != null' "$dir/report.json"
}
