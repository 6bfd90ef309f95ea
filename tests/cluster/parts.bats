#!/usr/bin/env bats
# A control plane of its own is killed by part, and comes back as it was; and everything of it ends.
load cluster
setup() {
	OWN_CLUSTER=1
	cluster_setup
}
teardown() { cluster_teardown; }

@test "API server and etcd are killed, stopped and started again; down leaves no process" {
	deployment web 2
	part kube-apiserver kill
	run k get deployment web --request-timeout=2s
	[ "$status" -ne 0 ]
	part kube-apiserver start
	until_ok 20 is deployment/web .status.availableReplicas 2
	part etcd stop
	run k scale deployment web --replicas=3 --request-timeout=2s
	[ "$status" -ne 0 ]
	part etcd cont
	until_ok 20 k scale deployment web --replicas=2 --request-timeout=2s
	part kube-controller-manager kill
	k delete pod -l app=web --wait=false
	part kube-controller-manager start
	until_ok 30 is deployment/web .status.availableReplicas 2

	pids=$(cat "$own"/*.pid)
	[ "$(echo "$pids" | wc -l)" = 5 ]
	"$SOURCE_DIR/tests/cluster/down" "$own"
	while read -r pid began; do
		# The same start time: that very process; a zombie waits for init alone.
		run awk -v b="$began" '$22 == b && $3 != "Z" {print "still there:", $2}' "/proc/$pid/stat"
		[ "$status" -ne 0 ] || [ -z "$output" ]
	done <<<"$pids"
	! compgen -G "$own/*.pid" || false
}

@test "a certificate of a few seconds expires" {
	"$own/kubelab" certs -server "$(k config view --minify -o jsonpath='{.clusters[0].cluster.server}')" \
		-user brief -groups system:masters -for 4s "$own"
	KUBECONFIG=$own/user-brief.conf k get pods
	refused() { ! KUBECONFIG=$own/user-brief.conf k get pods; }
	until_ok 20 refused
	run env KUBECONFIG="$own/user-brief.conf" "$own/kubectl" get pods
	echo "$output"
	[[ $output == *nauthorized* || $output == *expired* || $output == *"provide credentials"* || $output == *"logged in"* ]]
}
