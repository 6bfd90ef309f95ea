#!/usr/bin/env bats
# While the targets are looked for, however long that takes, the run goes on: probes are sampled, and whoever stops it is heard.
# timeout 240 s
bats_require_minimum_version 1.5.0
load cluster

setup() { cluster_setup; }
teardown() { cluster_teardown; }

# between PORT: an API server of our own to the run, which answers unless $T/stalled is there.
between() {
	local port server
	port=$("$SOURCE_DIR/tests/cluster/free-ports" 2)
	server=$(k config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
	"$SOURCE_DIR/tests/cluster/stall" "$port" "${server##*:}" "$T/stalled" >"$T/stall.log" 2>&1 3>&- 4>&- &
	started+=("$!")
	python3 -m http.server --bind 127.0.0.1 --directory "$T" $((port + 1)) >/dev/null 2>&1 3>&- 4>&- &
	started+=("$!")
	sed "s#$server#https://127.0.0.1:$port#" "$KUBECONFIG" >"$T/kubeconfig"
	cat >"$T/e.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: beside}
spec:
  probes: [{name: web, http: {url: "http://127.0.0.1:$((port + 1))/e.yaml"}, every: 20ms, timeout: 2s}]
  steadyState: [web.ok_ratio >= 0.5 over 1s]
  faults: [{name: kill, pod.delete: {grace: 0s, force: true}, target: {pod: {namespace: $NS, labels: {app: x}}, count: 1}, for: 1s}]
  objectives: [recover(self) within 20s]
  recovery: 3s
  limits: {targets: 1, duration: 10s, cluster: kubelab}
END
	until_ok 10 curl -fsS -o /dev/null "http://127.0.0.1:$((port + 1))/e.yaml"
	for i in 1 2 3; do
		k run "p$i" --image=played:1 --labels=app=x --overrides='{"spec":{"nodeSelector":{"type":"kwok"},"tolerations":[{"operator":"Exists"}]}}' >/dev/null
	done
	until_ok 60 eval '[ "$(k get pods --field-selector=status.phase=Running -o name | wc -l)" = 3 ]'
}

begin() {
	KUBECONFIG=$T/kubeconfig start "$ordeal" run "$T/e.yaml" --output "$T/runs"
	until_ok 60 grep -qs '"phase":"steady-before"' "$T/runs/latest/run.jsonl"
	touch "$T/stalled"
	sleep 4 # beyond the steady state: the targets are being looked for
}

# sampled FROM TO: the loop stood still for no part of that time. Where it does, the slots of it are late or skipped, all of
# them; a busy machine is late with a few.
sampled() {
	jq -es --argjson from "$1" --argjson to "$2" '
		[.[] | select(.e == "sample" and .due >= $from and .due < $to)] as $all |
		{all: ($all | length), skipped: ([$all[] | select(.o == "skipped")] | length),
		 p90: ([$all[] | .sent - .due] | sort | .[(length * 0.9 | floor)])} |
		debug | .all >= ($to - $from) / 20000000 * 0.95 and .skipped <= .all / 20 and .p90 < 100000000' "$T/runs/latest/run.jsonl"
}

@test "probes are sampled while an API server does not answer, and the fault comes when it does" {
	between
	begin
	[ "$(grep -c '"phase":"inject"' "$T/runs/latest/run.jsonl")" = 0 ]
	rm "$T/stalled"
	wait "$pid"
	jq -e -s '[.[] | select(.e == "resolved")] | length == 1' "$T/runs/latest/run.jsonl"
	jq -e -s '[.[] | select(.e == "fault" and .state == "injected")] | length == 1' "$T/runs/latest/run.jsonl"
	sampled 1000000000 4500000000
}

@test "a signal is heard at once while the targets are looked for" {
	between
	begin
	sent=$(date +%s%N)
	kill -INT "$pid"
	run wait "$pid"
	took=$((($(date +%s%N) - sent) / 1000000))
	echo "heard and ended within $took ms"
	[ "$took" -lt 2000 ]
	jq -e -s '[.[] | select(.e == "abort" and .cause == "signal")] | length == 1' "$T/runs/latest/run.jsonl"
	# Nothing was injected, and nothing is left.
	[ "$(grep -c '"state":"requested"' "$T/runs/latest/run.jsonl")" = 0 ]
	[ "$(k get pods -o name | wc -l)" = 3 ]
	sampled 1000000000 3500000000
}

@test "before the run is made a signal ends it, though no answer comes" {
	between
	touch "$T/stalled"
	KUBECONFIG=$T/kubeconfig start "$ordeal" run "$T/e.yaml" --output "$T/runs"
	sleep 1
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	[ ! -e "$T/runs/latest" ]
}
