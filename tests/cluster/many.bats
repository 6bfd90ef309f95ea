#!/usr/bin/env bats
# Many pods: 5,000, or ORDEAL_PODS. Who is chosen is who kubectl lists, in bounded memory; and a watch of all of them tells each
# of 500 changes a second once, for 10 s or ORDEAL_FOLLOW_SECONDS. `./dev nightly` takes 50,000, for 10 minutes.
# timeout 3000 s
load cluster

pods=${ORDEAL_PODS:-5000} seconds=${ORDEAL_FOLLOW_SECONDS:-10}

setup() {
	OWN_CLUSTER=1 OWN_NODES=0
	cluster_setup
}
teardown() { cluster_teardown; }

# choice NAME TARGET: an experiment, $T/NAME.yaml, that hits all of that target.
choice() {
	cat >"$T/$1.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: $1}
spec:
  probes: [{name: self, tcp: "127.0.0.1:1", every: 100ms}]
  steadyState: [self.ok_ratio >= 0.99 over 1s]
  faults: [{name: it, pod.delete: {}, target: {$2, namespace: "load-*", all: true}, for: 1s}]
  objectives: [recover(after_rollback) within 5s]
  limits: {targets: 10000, duration: 1s, cluster: kubelab}
END
}

# cost NAME COMMAND...: its wall time in $took (ms) and its largest resident set in $rss (kB), of one run.
cost() {
	"$BUILD_DIR/bench/turns" -w 0 1 "$@" >"$T/cost"
	took=$(jq '.wall_us_p50 / 1000 | floor' "$T/cost") rss=$(jq .rss_kb_max "$T/cost")
	echo "# $pods pods, $1: $took ms, $rss kB" >&3
}

# chooses NAME KUBECTL-FILTER...: as kubectl does, in bounded memory.
chooses() {
	local name=$1
	shift
	"$CLUSTER/kubectl" get pods -A "$@" -o name | sort >"$T/oracle"
	[ "$(wc -l <"$T/oracle")" -ge 1 ]
	"$ordeal" plan --json "$T/$name.yaml" |
		jq -r '.resolved[0].place.cluster.objects[] | "pod/\(.[3])"' | sort >"$T/chosen"
	diff -u "$T/oracle" "$T/chosen"
	cost "$name, ordeal plan" "$ordeal" plan "$T/$name.yaml"
	[ "$rss" -le 30720 ]
}

# follows OBJECTS SET SECONDS: every change is told once (bench/kube_follow.c says what else).
follows() {
	"$BUILD_DIR/bench/kube" follow "$1" "$2" "$CLUSTER/kubelab" churn -rate 500 -for "${3}s" -timeout $((300 + 4 * $3))s >"$T/followed" ||
		{ cat "$T/followed" && return 1; }
	echo "# $pods pods, followed as $1, $2: $(jq -c '{written, written_per_s, told, lost, doubled, cuts, rss_kb,
		p99_ms: .behind_answer_ms.p99}' "$T/followed")" >&3
	jq -e --argjson written $((500 * $3)) '.written >= $written * 0.99 and .lost == 0 and .doubled == 0 and .stale == 0 and
		.cuts == 0 and .rss_kb <= 40960' "$T/followed"
}

# One control plane and one crowd for all of it: to make them is what costs.
@test "thousands of pods: chosen as kubectl does, and followed without a change lost or doubled" {
	"$SOURCE_DIR/tests/cluster/scale" "$own" 100 "$pods" -timeout 25m
	choice label 'pod: {selector: app=app-7}'
	choice annotation 'pod: {annotations: ordeal.dev/lane=lane-7}'

	chooses label -l app=app-7
	ours=$took
	cost "kubectl get pods -A -l" "$CLUSTER/kubectl" get pods -A -l app=app-7
	# A busy machine may take its time; what is an order of magnitude off is wrong. bench/run-kube has the figures.
	[ "$ours" -le $((took * 5 + 1000)) ]
	# The annotation follows the label.
	chooses annotation -l app=app-7
	cost "kubectl get pods -A" "$CLUSTER/kubectl" get pods -A

	follows metadata all "$seconds"
	follows full ordeal.test/churn=in $((seconds / 2))
}
