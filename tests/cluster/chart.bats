#!/usr/bin/env bats
# timeout 300 s
# charts/ordeal on a real node, whose namespace takes restricted pods alone: installed, at work, upgraded, killed in the middle of a
# fault, rolled back, taken away, with nothing left.
bats_require_minimum_version 1.5.0
load cluster
setup() {
	helm=$("$SOURCE_DIR/tests/charts/helm-get" --path) || skip "there is no helm: tests/charts/helm-get builds it"
	[ -e "$SOURCE_DIR/image/build" ] || skip "there is no image"
	lab=()
	REAL_NODES=2 cluster_setup
	CHAOS=chaos-$$
	export HOME=$T/home
	mkdir "$HOME"
	put_image
	k create namespace "$CHAOS" >/dev/null
	k label namespace "$CHAOS" pod-security.kubernetes.io/enforce=restricted >/dev/null
}
teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || {
		c get pods -o wide
		c logs ordeal-test --tail=5
		c logs -l app.kubernetes.io/name=ordeal --tail=30
	} || :
	cluster_teardown
}

c() { k -n "$CHAOS" "$@"; }
h() { "${lab[@]}" "$helm" --kubeconfig "$KUBECONFIG" -n "$CHAOS" "$@"; }
# in_node N COMMAND...: in its namespaces.
in_node() {
	local first
	read -r first _ <"$CLUSTER/node-$1.pid"
	shift
	nsenter -t "$first" -m -p -n "$@"
}
put_image() {
	"$SOURCE_DIR/image/build" --build-dir "$BUILD_DIR" --output "$T/ordeal.tar"
	in_node 1 ctr -n k8s.io images import "$T/ordeal.tar"
	in_node 2 ctr -n k8s.io images import "$T/ordeal.tar"
}
target() { # as `web`, but it needs no service
	k apply -f - >/dev/null <<-END
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: web, labels: {app: web}}
		spec:
		  replicas: 2
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web}}
		    spec:
		      terminationGracePeriodSeconds: 1
		      containers: [{name: web, image: docker.io/library/box:1, imagePullPolicy: Never, command: [sleep, "1000"]}]
	END
	until_ok 60 is deployment/web .status.availableReplicas 2
}
# values RUNS SCHEDULE: with the experiments kill, by that schedule, and shrink, by none.
values() {
	local server
	server=$(k config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
	cat >"$T/values-$1.yaml" <<-END
		faults: [pod.delete, workload.scale]
		namespaces: [$NS]
		maxRuns: $1
		image: {pullPolicy: Never}
		nodeSelector: {kubernetes.io/hostname: node-1}
		networkPolicy: {apiServer: {ports: [443, 6443, ${server##*:}]}}
		experiments:
		  inline:
		    kill.yaml:
		      apiVersion: ordeal.dev/v1
		      kind: Experiment
		      metadata: {name: kill}
		      spec:
		        hypothesis: a pod that is lost is replaced
		        schedule: {cron: "$2"}
		        probes: [{name: web, kube: {watch: deployment/web, namespace: $NS, that: "available >= 1"}, every: 200ms}]
		        faults: [{name: one, pod.delete: {grace: 0s}, target: {pod: {owner: Deployment/web}, namespace: $NS, count: 1}, for: 1s}]
		        recovery: 1s
		        limits: {targets: 1, duration: 20s}
		    shrink.yaml: |
		      apiVersion: ordeal.dev/v1
		      kind: Experiment
		      metadata: {name: shrink}
		      spec:
		        hypothesis: one is enough
		        probes: [{name: web, kube: {watch: deployment/web, namespace: $NS, that: "available >= 1"}, every: 200ms}]
		        faults: [{name: less, workload.scale: {to: 1}, target: {workload: Deployment/web, namespace: $NS}, for: 200s}]
		        limits: {targets: 1, duration: 300s}
	END
}
uids() { k get pods -l app=web -o jsonpath='{.items[*].metadata.uid}'; }
# One of those that were there is not any more.
one_is_gone() {
	local uid now
	now=$(uids)
	for uid in $1; do [[ " $now " == *" $uid "* ]] || return 0; done
	echo "as before: $now" && return 1
}
pod() { c get pods -l app.kubernetes.io/name=ordeal -o jsonpath='{.items[0].metadata.name}'; }
ready() { [ "$(c get pods -l app.kubernetes.io/name=ordeal -o jsonpath='{.items[*].status.containerStatuses[0].ready}')" = true ]; }
log() { c logs "$(pod)" "$@"; }
logged() { log | grep -qF -- "$1" || { log --tail=10 && return 1; }; }
ctl() { c exec "$(pod)" -- /usr/local/bin/ordeal "$@"; }
# Every object of the API but what comes and goes by itself.
objects() {
	local kinds
	kinds=$(k api-resources --verbs=list -o name | grep -vE '^(events|componentstatuses|leases|endpoints)|metrics' | paste -sd,)
	k get "$kinds" -A -o json | jq -r '.items[] | select(.metadata.labels.app != "web") | "\(.kind) \(.metadata.namespace // "-")/\(.metadata.name)"'
	k get leases -A -o json | jq -r '.items[] | "Lease \(.metadata.namespace)/\(.metadata.name)"'
}

@test "installed, a pod killed by schedule, upgraded, killed itself in the middle of a fault, rolled back, removed: nothing is left" {
	target
	objects | sort >"$T/before"
	values 3 '*/4 * * * * *'
	h install ordeal "$SOURCE_DIR/charts/ordeal" -f "$T/values-3.yaml" --wait --timeout 90s
	ready
	was=$(uids)
	until_ok 30 one_is_gone "$was"
	until_ok 20 logged "kill: passed"
	# From another node: within one, answers of a virtual address would take another way back here.
	k cordon node-1 >/dev/null
	h test ordeal --timeout 60s
	k uncordon node-1 >/dev/null

	# Another with all that the first has: it waits.
	c get deployment ordeal -o json | jq '{apiVersion: "v1", kind: "Pod", metadata: {name: "second", labels: {app: "second"}},
		spec: (.spec.template.spec | del(.containers[0].livenessProbe))}' | c apply -f - >/dev/null
	until_ok 30 waits second
	c delete pod second --wait --grace-period=30 >/dev/null

	values 4 '0 0 1 1 *'
	h upgrade ordeal "$SOURCE_DIR/charts/ordeal" -f "$T/values-4.yaml" --wait --timeout 90s
	[[ $(c get "pod/$(pod)" -o jsonpath='{.spec.containers[0].args}') == *--max-runs=4* ]]

	ctl ctl run shrink
	until_ok 30 is deployment/web .spec.replicas 1
	container=$(c get "pod/$(pod)" -o jsonpath='{.status.containerStatuses[0].containerID}')
	in_node 1 ctr -n k8s.io task kill -s SIGKILL "${container#containerd://}"
	from=${EPOCHREALTIME/[.,]/}
	until_ok 30 restarted
	is deployment/web .spec.replicas 1
	until_ok 90 is deployment/web .spec.replicas 2
	echo "reverted after $(((${EPOCHREALTIME/[.,]/} - from) / 1000)) ms"
	until_ok 30 logged "nothing is left of earlier runs"
	logged "shrink: interrupted"
	said=$(log)
	[[ $said != *": begun ("* ]]
	no_traces

	h rollback ordeal 1 --wait --timeout 90s
	[[ $(c get deployment ordeal -o jsonpath='{.spec.template.spec.containers[0].args}') == *--max-runs=3* ]]
	until_ok 60 ready
	was=$(uids)
	until_ok 30 one_is_gone "$was"

	# In the order of charts/README.md: what runs is reverted while there are rights to do so.
	c scale deployment ordeal --replicas=0 >/dev/null
	until_ok 90 no_pods
	h uninstall ordeal --wait --timeout 120s
	until_ok 60 as_before
	no_traces
}
# waits POD: it is on standby, and has begun nothing.
waits() {
	local log
	log=$(c logs "$1")
	[[ $log == *"schedules in"* ]] && [[ $log != *": begun ("* ]] &&
		[ "$(c get "pod/$1" -o jsonpath='{.status.containerStatuses[0].ready}{.status.containerStatuses[0].started}')" = falsetrue ]
}
no_pods() { [ -z "$(c get pods -o name)" ]; }
restarted() { [ "$(c get "pod/$(pod)" -o jsonpath='{.status.containerStatuses[0].restartCount}')" -ge 1 ]; }
as_before() {
	objects | sort >"$T/after"
	diff "$T/before" "$T/after"
}
