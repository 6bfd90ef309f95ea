#!/usr/bin/env bats
# The layer of real nodes: containers run, are executed in, are killed and restarted; a node's power is cut.
# timeout 200 s
load cluster
setup() {
	REAL_NODES=2
	cluster_setup
}
teardown() { cluster_teardown; }

@test "real pods answer behind their service, a killed one is replaced, and nothing of the nodes is left" {
	web web 2
	[ "$("${lab[@]}" curl -fsS "http://$vip/" | cut -d- -f1)" = web ]
	pod=$(pods app=web | head -n 1)
	[ "$(k exec "$pod" -- cat /www/index.html)" = "$pod" ]
	k delete pod "$pod" --wait=false
	replaced() { [ "$(pods app=web | wc -l)" = 2 ] && ! pods app=web | grep -qx "$pod" && is deployment/web .status.availableReplicas 2; }
	until_ok 60 replaced
	until_ok 20 "${lab[@]}" curl -fsS -m 1 "http://$vip/"

	groups=$(cat "$own"/node-*/cgroup)
	[ "$(echo "$groups" | wc -l)" = 2 ]
	part node-1 kill
	"$SOURCE_DIR/tests/cluster/down" "$own"
	for g in $groups; do
		! compgen -G "/sys/fs/cgroup/$g" || false
		! compgen -G "/sys/fs/cgroup/*/$g" || false
	done
	run ip -n "$LAB" link show klab-1
	[ "$status" -ne 0 ]
}
