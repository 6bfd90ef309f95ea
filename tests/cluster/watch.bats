#!/usr/bin/env bats
# What a run sees in a cluster: kube probes, the breakdown of a pod's recovery, the channel kubernetes:, what else happened,
# and an API server that goes away.
# timeout 240 s

load cluster

setup() {
	case $BATS_TEST_DESCRIPTION in *"API server"*) OWN_CLUSTER=1 ;; esac
	cluster_setup
}
teardown() { cluster_teardown; }

# experiment NAME FAULT TARGET HOLD [OBJECTIVE...]: orders watched by a user probe and a signal. What the test does to the cluster
# within HOLD takes a quiet machine two seconds, and a busy one six; an API server that starts, ten.
experiment() {
	local name=$1 fault=$2 target=$3 hold=$4
	shift 4
	{
		cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: $name}
spec:
  probes:
    - name: orders
      kube: {watch: deployment/orders, namespace: $NS, that: available >= 3}
      every: 50ms
    - name: pods
      role: signal
      kube: {watch: pods, selector: app=orders, namespace: $NS, that: ready < 3}
      every: 50ms
  steadyState:
    - orders.ok_ratio >= 0.99 over 1s
  faults:
    - name: hit
      $fault
      target: $target
      for: $hold
  recovery: 20s
  limits: {targets: 3, duration: 60s, cluster: kubelab}
  objectives:
END
		printf '    - %s\n' "$@"
	} >"$T/$name.yaml"
}

# ran NAME: runs it; $status, and $dir the folder of the run.
ran() {
	run "$ordeal" run "$T/$1.yaml" --output "$T/runs"
	dir=$T/runs/latest
	echo "$output"
}

lines() { jq -c 'select(.e == "kube")' "$dir/run.jsonl"; }

@test "a kube probe feels it, and the cluster's own condition is a detection" {
	MIN_READY=2 deployment orders 3
	experiment seen 'noop: {}' '{host: true}' 9s "detect(pods) within 8s" \
		"detect(kubernetes:$NS/deployment/orders/Available=False) within 8s" "recover(self) within 8s"
	(
		until_ok 20 grep -qs '"phase":"hold"' "$T/runs/latest/run.jsonl"
		k delete pods -l app=orders --wait=false
	) 3>&- &
	started+=($!)
	ran seen
	[ "$status" = 0 ]
	# The change stands at its arrival, not at the slot after it, and is no less known than since the sample before.
	local line since
	line=$(jq .repetitions[0].impact.line "$dir/report.json")
	since=$(sed -n "${line}p" "$dir/run.jsonl" | jq .since)
	echo "line $line: $(sed -n "${line}p" "$dir/run.jsonl")"
	jq -c .repetitions[0].impact "$dir/report.json"
	jq -e --argjson since "$since" '.repetitions[0].impact | .t_ns == $since and .lo_ns < $since and .hi_ns == $since' "$dir/report.json"
	jq -se --argjson since "$since" 'any(.[]; .e == "kube" and .what == "replicas" and (.at_t - $since | fabs) < 50000000)' "$dir/run.jsonl"
	jq -e '.repetitions[0].detections[] | select(.channel | startswith("kubernetes:")) | .state == "noticed"' "$dir/report.json"
	jq -e '.repetitions[0].recovered != null' "$dir/report.json"
}

@test "a condition, a count, a JSON path, of an object or of a set: each probe goes bad and good again by watch" {
	deployment orders 3
	cat >"$T/kinds.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: kinds}
spec:
  probes:
    - {name: condition, every: 100ms, kube: {watch: deployment/orders, namespace: $NS, that: Available=True}}
    - {name: figure, every: 100ms, kube: {watch: deployment/orders, namespace: $NS, that: available >= 3}}
    - {name: path, every: 100ms, kube: {watch: deployment/orders, namespace: $NS, that: .spec.replicas = 3}}
    - {name: count, every: 100ms, kube: {watch: pods, selector: app=orders, namespace: $NS, that: count(.status.phase = Running) >= 3}}
    - {name: ready, every: 100ms, kube: {watch: pods, selector: app=orders, namespace: $NS, that: ready >= 3}}
  steadyState: [figure.ok_ratio >= 0.99 over 1s]
  faults:
    - {name: down, workload.scale: {to: 0}, target: {workload: {name: orders, namespace: $NS}}, for: 3s}
  recovery: 20s
  limits: {targets: 1, duration: 60s, cluster: kubelab}
  objectives: [recover(after_rollback) within 15s]
END
	ran kinds
	[ "$status" = 0 ]
	for p in figure path count ready; do
		jq -se --arg p $p '[.[] | select(.e == "sample" and .p == $p and .good != null) | .good] as $g |
			$g[0] and ($g | any(not)) and $g[-1]' "$dir/run.jsonl" >/dev/null || { echo "$p" && false; }
	done
	# Scaled to nothing on purpose, a deployment is available all the same: so says its condition, until it wants three again.
	jq -se '[.[] | select(.e == "sample" and .p == "condition" and .good != null) | .good] | length > 20 and .[0] and .[-1]' \
		"$dir/run.jsonl"
	# Whole again is a figure of the workload, although no pod was hit.
	jq -e '.repetitions[0].cluster | (.pods | length == 0) and any(.workloads[]; .name == "orders" and .target and
		.wanted == 3 and .least_available == 0 and .again != null)' "$dir/report.json"
	grep -q 'How the workloads came back' "$dir/report.html"
	"$SOURCE_DIR/tests/cluster/recompute.py" "$dir"
}

@test "a deleted pod comes back step by step, each in its interval" {
	MIN_READY=2 deployment orders 3
	k create service clusterip orders --tcp=80:8080 >/dev/null
	until_ok 20 has_endpoints 3
	experiment gone 'pod.delete: {}' "{pod: {namespace: $NS, selector: app=orders}, count: 2}" 10s "recover(self) within 9s"
	ran gone
	[ "$status" = 0 ]
	# Two victims, two replacements, each its own.
	jq -e '.repetitions[0].cluster.pods | length == 2 and (map(.replacement_uid) | unique | length == 2) and
		all(.replacement_uid != "" and .workload == "Deployment/orders")' "$dir/report.json"
	# In order, and every interval holds its value.
	jq -e '.repetitions[0].cluster.pods[] | [.deleted, .created, .scheduled, .started, .ready, .in_endpointslice] |
		all(. != null and .lo_ns <= .t_ns and .t_ns <= .hi_ns) and (map(.hi_ns) | . == sort) and (map(.lo_ns) | . == sort)' \
		"$dir/report.json"
	jq -e '.repetitions[0].cluster.workloads[] | select(.name == "orders") | .target and .wanted == 3 and .least_available < 3 and
		.again != null' "$dir/report.json"
	jq -e '[.repetitions[0].faults[0].acts[] | select(.what == "deleted")] | length == 2' "$dir/report.json"
	# Every stamp of the API server's own clock fits its arrival: the object was not told before its second began, by more
	# than the offset is known to be.
	lines | jq -se --argjson wall "$(head -1 "$dir/run.jsonl" | jq .wall_ns)" '
		[.[] | select(.stamp != null and .offset_ns != null and .clock == "server") |
		 {from: ((.stamp | fromdateiso8601) * 1000000000 - .offset_ns[1] - $wall), at: .at_t}] |
		length > 0 and all(.from <= .at)'
	"$SOURCE_DIR/tests/cluster/recompute.py" "$dir"
	grep -q 'How the pods came back' "$dir/report.html"
	grep -q 'How the pods came back' "$dir/report.md"
	grep -q 'ordeal.pod.time_to_ready' "$dir/junit.xml"
}

@test "what happens to bystanders is told as such" {
	deployment orders 3
	deployment other 1
	experiment beside 'noop: {}' '{host: true}' 8s "detect(kubernetes:$NS/event/Unhealthy) within 7s"
	sed -i 's/noop: {}/workload.restart: {}/; s/{host: true}/{workload: {name: orders, namespace: '"$NS"'}}/' "$T/beside.yaml"
	(
		until_ok 20 grep -qs '"phase":"hold"' "$T/runs/latest/run.jsonl"
		pod=$(k get pods -l app=other -o jsonpath='{.items[0].metadata.name}')
		uid=$(k get pod "$pod" -o jsonpath='{.metadata.uid}')
		now=$(date -u +%FT%TZ)
		k create -f - <<END
apiVersion: v1
kind: Event
metadata: {name: $pod.unhealthy}
involvedObject: {kind: Pod, namespace: $NS, name: $pod, uid: $uid, apiVersion: v1}
reason: Unhealthy
message: "Readiness probe failed: HTTP probe failed with statuscode: 500"
type: Warning
firstTimestamp: $now
lastTimestamp: $now
count: 1
END
	) 3>&- &
	started+=($!)
	ran beside
	jq -e '.repetitions[0].cluster.also_happened[] | select(.what == "Unhealthy") | .times == 1 and (.name | startswith("other-"))' \
		"$dir/report.json"
	grep -q 'Also happened' "$dir/report.html"
}

@test "what is not allowed is told first, and nothing is started" {
	deployment orders 3
	k create serviceaccount poor >/dev/null
	poor=$T/poor server=$(jq -r '.clusters[0].cluster.server' <<<"$(k config view --raw -o json)")
	k config view --raw -o json | jq -r '.clusters[0].cluster["certificate-authority-data"] // empty' | base64 -d >"$T/ca"
	[ -s "$T/ca" ] || cp "$(k config view --raw -o json | jq -r '.clusters[0].cluster["certificate-authority"]')" "$T/ca"
	k config --kubeconfig "$poor" set-cluster kubelab --server "$server" --certificate-authority "$T/ca" --embed-certs >/dev/null
	k config --kubeconfig "$poor" set-credentials poor --token "$(k create token poor)" >/dev/null
	k config --kubeconfig "$poor" set-context kubelab --cluster kubelab --user poor >/dev/null
	experiment denied 'pod.delete: {}' "{pod: {namespace: $NS, selector: app=orders}, count: 1}" 5s "recover(self) within 4s"
	before=$(k get pods -o name | sort)
	KUBECONFIG=$poor ran denied
	[ "$status" = 2 ]
	[[ $output == *"not allowed: "*pods*delete* || $output == *"not allowed: "*delete*pods* ]]
	[ "$(k get pods -o name | sort)" = "$before" ]
	[ ! -e "$T/runs/latest" ]
}

@test "a server that is not verified is warned of in the plan, and in every format of the report" {
	deployment orders 3
	k config view --raw -o json | jq '.clusters[0].cluster |= (del(."certificate-authority", ."certificate-authority-data") |
		."insecure-skip-tls-verify" = true)' >"$T/insecure"
	experiment trusting 'noop: {}' '{host: true}' 1s "recover(self) within 5s"
	KUBECONFIG=$T/insecure run "$ordeal" plan "$T/trusting.yaml"
	[[ $output == *insecure-skip-tls-verify* ]]
	KUBECONFIG=$T/insecure ran trusting
	[ "$status" = 0 ]
	for f in report.json report.md report.html junit.xml; do
		grep -q insecure-skip-tls-verify "$dir/$f" || { echo "$f" && false; }
	done
	# With the right certificate there is nothing to warn of.
	ran trusting
	if grep -q insecure-skip-tls-verify "$dir"/{report.json,report.md,report.html,junit.xml}; then false; fi
}

@test "an API server that goes away makes slots unknown, and the run ends rightly" {
	deployment orders 3
	experiment blink 'noop: {}' '{host: true}' 18s "recover(self) within 5s"
	(
		until_ok 20 grep -qs '"phase":"hold"' "$T/runs/latest/run.jsonl"
		part kube-apiserver kill
		sleep 2
		part kube-apiserver start
	) 3>&- &
	started+=($!)
	ran blink
	[ "$status" = 0 ]
	# Unknown, never bad.
	[ "$(jq -c 'select(.e == "sample" and .p == "orders" and .good == false)' "$dir/run.jsonl" | wc -l)" = 0 ]
	[ "$(jq -c 'select(.e == "sample" and .o == "local-error" and .p == "orders")' "$dir/run.jsonl" | wc -l)" -ge 20 ]
	jq -e 'select(.e == "sample" and .o == "local-error") | .why' "$dir/run.jsonl" | head -1
	# It was seen to come back: the last slots are good again.
	[ "$(jq -r 'select(.e == "sample" and .p == "orders") | .o' "$dir/run.jsonl" | tail -1)" = ok ]
}

has_endpoints() {
	[ "$(k get endpointslices -l kubernetes.io/service-name=orders -o json |
		jq '[.items[].endpoints[]? | select(.conditions.ready)] | length')" = "$1" ]
}
