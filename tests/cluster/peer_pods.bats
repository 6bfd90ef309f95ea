#!/usr/bin/env bats
# The pods of a cluster as the peer of a fault on this machine: their addresses of both families are what it is limited to.
load cluster
load faults
setup() {
	cluster_setup
	sleep 300 3>&- &
	started+=($!)
	who=$!
}
teardown() { cluster_teardown; }

# addressed POD IPV4 IPV6
addressed() {
	k patch pod "$1" --subresource=status --type=merge \
		-p "{\"status\":{\"podIP\":\"$2\",\"podIPs\":[{\"ip\":\"$2\"},{\"ip\":\"$3\"}]}}" >/dev/null
}

experiment() {
	cat >"$T/a.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: apart}
spec:
  probes: [{name: there, every: 100ms, exec: {command: [/bin/true]}}]
  faults:
    - name: split
      net.partition: {to: [":5432/tcp"]}
      target: {pid: $who}
      peer: $1
      for: 1s
  objectives: [recover(after_rollback) within 10s hold 1s]
  limits: {targets: 1, duration: 1s, cluster: kubelab}
END
}

@test "pods: every address of each, of both families; who has none is told; the right to read them is asked for" {
	deployment db 2
	mapfile -t db < <(pods app=db)
	addressed "${db[0]}" 192.0.2.11 2001:db8::11
	addressed "${db[1]}" 192.0.2.12 2001:db8::12
	experiment "{pod: {owner: Deployment/db}, namespace: $NS, all: true}"
	run "$ordeal" plan "$T/a.yaml"
	echo "$output"
	[[ "$output" == *"peers now  peer pod is 192.0.2.11, 192.0.2.12, 2001:db8::11, 2001:db8::12"* ]]
	run "$ordeal" rbac "$T/a.yaml" --user someone
	echo "$output"
	[[ "$output" == *"peer of 'split'"* ]]
	k patch pod "${db[1]}" --subresource=status --type=merge -p '{"status":{"podIP":null,"podIPs":null}}' >/dev/null
	run "$ordeal" plan "$T/a.yaml"
	echo "$output"
	[[ "$output" == *"peer pod: Pod $NS/${db[1]} has no address (yet)"* ]]
	experiment "{pod: no-such-pod, namespace: $NS}"
	run "$ordeal" plan "$T/a.yaml"
	echo "$output"
	[[ "$output" == *"cannot be resolved: fault 'split': peer pod: "*no-such-pod* ]]
}
