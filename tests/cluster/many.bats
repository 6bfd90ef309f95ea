#!/usr/bin/env bats
# Many pods: 5,000, or 50,000 in the nightly run. Whoever is chosen is the same as kubectl says, in bounded memory.
# timeout 1800 s
load cluster
setup() {
	OWN_CLUSTER=1 OWN_NODES=0
	[ -z "${ORDEAL_NIGHTLY:-}" ] || LIMIT=120
	cluster_setup
}
teardown() { cluster_teardown; }

experiment() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: many}
spec:
  hypothesis: Nothing.
  probes:
    - {name: there, exec: {command: [/bin/true]}, every: 1s, timeout: 1s}
  steadyState: [there.ok_ratio >= 0.5 over 1s]
  faults:
    - name: gone
      pod.delete: {}
      target: {pod: {$1}, namespace: "load-*", all: true}
      for: 1s
  objectives: [recover(self) within 10s]
  limits: {targets: 10000, duration: 2s, cluster: kubelab}
END
}

# peak COMMAND...: its output in $T/out, its wall time in $took (ms) and its greatest RSS in $rss (kB).
peak() {
	/usr/bin/env python3 - "$T/out" "$T/figures" "$@" <<'END'
import os, resource, subprocess, sys, time
begun = time.monotonic()
with open(sys.argv[1], "w") as out:
    code = subprocess.run(sys.argv[3:], stdout=out, check=False).returncode
with open(sys.argv[2], "w") as f:
    print(int((time.monotonic() - begun) * 1000), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=f)
sys.exit(code)
END
	local rc=$?
	read -r took rss <"$T/figures"
	return $rc
}

@test "select by label and by annotation from thousands of pods, as kubectl does" {
	pods=5000
	[ -z "${ORDEAL_NIGHTLY:-}" ] || pods=50000
	"$SOURCE_DIR/tests/cluster/scale" "$own" 100 $pods -timeout 20m
	experiment 'selector: app=app-7' >"$T/label.yaml"
	experiment 'annotations: ordeal.dev/lane=lane-7' >"$T/annotation.yaml"

	peak "$CLUSTER/kubectl" get pods -A -l app=app-7 --no-headers
	[ "$(wc -l <"$T/out")" = $((pods / 50)) ]
	by_kubectl=$took
	peak "$CLUSTER/kubectl" get pods -A --no-headers
	all_by_kubectl=$took
	peak "$ordeal" targets "$T/label.yaml"
	[ "$(grep -c 'p-0' "$T/out")" -ge $((pods / 50)) ]
	echo "# $pods pods, by label: kubectl $by_kubectl ms, ordeal $took ms, $rss kB" >&3
	by_label=$took
	[ "$rss" -le 30720 ]
	peak "$ordeal" targets "$T/annotation.yaml"
	echo "# $pods pods, by annotation: kubectl -A $all_by_kubectl ms, ordeal $took ms, $rss kB" >&3
	[ "$rss" -le 30720 ]
	# A busy machine may take its time; what is an order of magnitude off is wrong.
	[ "$by_label" -le $((by_kubectl * 5 + 1000)) ]
}
