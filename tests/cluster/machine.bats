#!/usr/bin/env bats
# The layer of virtual machines: a node with a kernel of its own, for the network faults and control groups that the host may
# not have.
# timeout 300 s
load cluster
load lost
setup() {
	MACHINES=1
	export KCM_ARGS=--node-monitor-grace-period=12s # kubelet says that it lives each 4 s
	cluster_setup
}
teardown() { cluster_teardown; }

# tools: a pod in whose network the machine's own programs can be run.
tools() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: tools}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: docker.io/library/box:1
    imagePullPolicy: Never
    command: [sleep, "1000"]
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    securityContext: {capabilities: {add: [NET_ADMIN]}}
    volumeMounts: [{name: root, mountPath: /host, readOnly: true}]
  volumes: [{name: root, hostPath: {path: /}}]
END
	until_ok 60 is pod/tools .status.phase Running
}
tc() { k exec tools -- chroot /host /sbin/tc "$@"; } # by its path: busybox has a tc of its own

# fastest: of five answers of that pod, whole ms.
fastest() {
	"${lab[@]}" ping -q -c 5 -i 0.2 -W 2 "$(get pod/tools .status.podIP)" | sed -n 's,^rtt [^=]*= \([0-9]*\)\..*,\1,p'
}

power_cut() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: power-cut}
spec:
  hypothesis: That a node has lost its power is seen within 25 s.
  probes:
    - name: web
      kube: {watch: deployment/web, namespace: $NS, that: "available >= 0"}
      every: 200ms
  steadyState: [web.ok_ratio >= 0.9 over 1s]
  faults:
    - name: none
      noop: {}
      target: {host: true}
      for: 25s
  objectives: ["detect(kubernetes:node/node-1/Ready=Unknown) within 25s"]
  limits: {targets: 1, duration: 40s, cluster: kubelab}
END
}

@test "a virtual machine is a node: its pods come back, have netem and cgroup v2, and its power cut is seen" {
	[ "$(k get nodes -l kubelab/machine=true -o name)" = node/node-1 ]
	[ "$(get node/node-1 .status.nodeInfo.kernelVersion)" != "$(uname -r)" ]
	web web 1
	lost_pod 12s >"$T/lost.yaml"
	run "${lab[@]}" "$ordeal" run "$T/lost.yaml" --output "$T/runs"
	echo "$output"
	[ "$status" -eq 0 ]
	came_back "$T/runs/latest/report.json"

	tools
	[ "$(k exec tools -- cat /proc/self/cgroup)" = 0::/ ]
	[ "$(k exec tools -- cat /sys/fs/cgroup/memory.max)" = $((64 << 20)) ]
	[ "$(k exec tools -- cat /sys/fs/cgroup/cpu.max)" = "50000 100000" ]
	without=$(fastest)
	tc qdisc add dev eth0 root netem delay 200ms
	with=$(fastest)
	tc qdisc del dev eth0 root
	after=$(fastest)
	echo "the fastest answer took $without ms, with 200 ms of netem $with ms, after it $after ms"
	[ "$without" -lt 100 ]
	[ "$with" -ge 200 ]
	[ "$after" -lt 100 ]

	power_cut >"$T/cut.yaml"
	(
		until_ok 20 grep -qs '"phase":"hold"' "$T/cut/latest/run.jsonl"
		part node-1 kill
	) 3>&- &
	started+=($!)
	run "${lab[@]}" "$ordeal" run "$T/cut.yaml" --output "$T/cut"
	echo "$output"
	[ "$status" -eq 0 ]
	jq '.repetitions[0].cluster.also_happened' "$T/cut/latest/report.json"
	jq -e '.repetitions[0].cluster.also_happened[] | select(.kind == "Node" and .what == "Ready")
		| .name == "node-1" and .detail == "Unknown"' "$T/cut/latest/report.json"

	# The tap went with the machine, and with it every process and mount.
	run ip -n "$LAB" link show klab-1
	[ "$status" -ne 0 ]
	! grep -l "$own/node-1" /proc/[0-9]*/cmdline 2>/dev/null || false
	! grep "$own" /proc/self/mounts || false
}
