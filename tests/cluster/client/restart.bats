#!/usr/bin/env bats
# timeout 180 s
# A watch across the end of an API server and etcd: what was written against what the watch told.
load ../cluster

setup() {
	OWN_CLUSTER=1
	cluster_setup
	"$SOURCE_DIR/tests/cluster/scale" "$CLUSTER" 3 60 >/dev/null
}
teardown() { cluster_teardown; }

# follow: for 12 s, 25 changes a second, in the background.
follow() { start "$BUILD_DIR/bench/kube" follow metadata all "$CLUSTER/kubelab" churn -rate 25 -for 12s -workers 8; }

# told_all: no change was lost but while the stream was known to be cut, none was told twice, and the last state of every
# object was told.
told_all() {
	wait "$pid" || cat "$T/err" "$T/out"
	jq -se '.[-1] | .written > 50 and .lost == 0 and .doubled == 0 and .stale == 0' "$T/out" || { cat "$T/out" && return 1; }
}
figure() { jq -s ".[-1].$1" "$T/out"; }

# One control plane for all of it: its start is what costs.
@test "the API server is killed, etcd stands still, the API server does: nothing is lost, nothing told twice" {
	follow
	sleep 4
	part kube-apiserver kill
	sleep 1
	part kube-apiserver start
	told_all
	[ "$(figure cuts)" -ge 1 ]

	follow
	sleep 4
	part etcd stop
	sleep 3
	part etcd cont
	told_all

	# So long that the connection is given up.
	follow
	sleep 4
	part kube-apiserver stop
	sleep 20
	part kube-apiserver cont
	told_all
}
