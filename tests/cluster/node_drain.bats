#!/usr/bin/env bats
# timeout 300 s
# node.drain: cordons, evicts, and gives the node back; who is evicted is what kubectl drain would evict.
load cluster
load lease
setup() { cluster_setup; }
teardown() { cluster_teardown; }

# Every kind of pod that a drain treats in its own way, on node $NS-$1. (A pod whose daemon set is gone is not among them: the
# garbage collector takes it first. tests/unit/test_faults_drain.c has it.)
mixed() {
	local node=$NS-$1
	k apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-$1}
spec:
  replicas: 2
  selector: {matchLabels: {app: web-$1}}
  template:
    metadata: {labels: {app: web-$1}}
    spec: {nodeSelector: {kubernetes.io/hostname: $node}, containers: [{name: main, image: "played:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: scratch-$1}
spec:
  replicas: 1
  selector: {matchLabels: {app: scratch-$1}}
  template:
    metadata: {labels: {app: scratch-$1}}
    spec:
      nodeSelector: {kubernetes.io/hostname: $node}
      containers: [{name: main, image: "played:1"}]
      volumes: [{name: v, emptyDir: {}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: every-$1}
spec:
  selector: {matchLabels: {app: every-$1}}
  template:
    metadata: {labels: {app: every-$1}}
    spec: {nodeSelector: {kubernetes.io/hostname: $node}, containers: [{name: main, image: "played:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare-$1}
spec: {nodeName: $node, containers: [{name: main, image: "played:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare-scratch-$1}
spec: {nodeName: $node, containers: [{name: main, image: "played:1"}], volumes: [{name: v, emptyDir: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: mirror-$1, annotations: {kubernetes.io/config.mirror: x}}
spec: {nodeName: $node, containers: [{name: main, image: "played:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: done-$1}
spec:
  template:
    metadata: {labels: {app: done-$1}}
    spec: {nodeSelector: {kubernetes.io/hostname: $node}, restartPolicy: Never, containers: [{name: main, image: "played:1"}], volumes: [{name: v, emptyDir: {}}]}
END
	until_ok 30 placed "$1"
}
placed() {
	[ "$(on "$1" | wc -l)" = 8 ] && is "job/done-$1" .status.succeeded 1
}
on() { k get pods --field-selector="spec.nodeName=$NS-$1" -o json |
	jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.name' | sort; }
node() { objects nodes "kubernetes.io/hostname=$NS-$1"; }

# kubectl_would NODE FLAG...: the pods that kubectl drain would evict, or nothing where it would refuse.
kubectl_would() {
	local n=$1
	shift
	k drain "$NS-$n" --ignore-daemonsets --dry-run=server "$@" 2>/dev/null |
		sed -n 's/^evicting pod \([^ ]*\) .*/\1/p; s/^evicting pod \([^ ]*\)$/\1/p' | sed "s/^$NS.//" | sort -u
}

@test "the node is cordoned while it lasts, and as it was after" {
	played_node one zone-9
	remember "node/$NS-one"
	HOLD=3 lease node.drain '{}' "$(node one)"
	until_ok 10 event injected
	is "node/$NS-one" .spec.unschedulable true
	over
	event reverted residue=0
	unchanged "node/$NS-one"
	no_traces
}

@test "who is evicted is what kubectl drain --force --delete-emptydir-data evicts" {
	played_node one zone-9
	mixed one
	would=$(kubectl_would one --force --delete-emptydir-data)
	[ -n "$would" ]
	HOLD=3 lease node.drain '{"bare":1,"empty-dir":1}' "$(node one)"
	until_ok 20 event injected
	over
	[ "$(acted evicted)" = "$would" ]
	[ "$(acted left)" = "" ]
}

@test "without bare and empty-dir those are left that kubectl drain stops at, the others evicted" {
	played_node one zone-9
	mixed one
	all=$(kubectl_would one --force --delete-emptydir-data)
	stops=$(k drain "$NS-one" --ignore-daemonsets --dry-run=server 2>&1 | grep '^cannot delete' | grep -o "$NS/[a-z0-9-]*" |
		cut -d/ -f2 | sort -u)
	HOLD=3 lease node.drain '{}' "$(node one)"
	until_ok 20 event injected
	over
	left=$(acted left)
	[ "$(wc -l <<<"$left")" = 3 ]
	[ "$left" = "$stops" ]
	[ "$(acted evicted)" = "$(comm -23 <(echo "$all") <(echo "$left"))" ]
	for name in $left; do [ -z "$(get "pod/$name" .metadata.deletionTimestamp)" ]; done
}

@test "pods of a daemon set and mirror pods stay" {
	played_node one zone-9
	mixed one
	HOLD=2 lease node.drain '{"bare":1,"empty-dir":1}' "$(node one)"
	until_ok 20 event injected
	over
	[ "$(on one | grep -c -e ^every -e ^mirror)" = 2 ]
	figure_is ignored 2
}

@test "a budget holds a pod back until it allows it: told, and asked again while held" {
	played_node one zone-9
	played_node two zone-9
	k apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: ordeal.test, operator: In, values: [$NS]}]}]}}}
      containers: [{name: main, image: "played:1"}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
END
	until_ok 30 is deployment/web .status.availableReplicas 2
	until_ok 20 is pdb/web .status.currentHealthy 2
	both=$(jq -cs 'add' <(node one) <(node two))
	HOLD=30 lease node.drain '{}' "$both"
	until_ok 10 event injected
	[ "$(acted refused | wc -l)" -ge 1 ]
	[[ $(events acted 'select(.what == "refused") | .detail' | head -n 1) == *"disruption budget web"* ]]
	[ "$(acted evicted | wc -l)" = 0 ]
	k delete pdb web >/dev/null
	drained() { [ "$(acted evicted | wc -l)" = 2 ]; }
	until_ok 15 drained
	tell end
	over
	figure_is evicted 2
	figure_is blocked 0
	until_ok 30 is deployment/web .status.availableReplicas 2
}

@test "what is never let go is told at the end as blocked" {
	played_node one zone-9
	mixed one
	k apply -f - >/dev/null <<END
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web-one}}}
END
	until_ok 20 is pdb/web .status.expectedPods 2
	HOLD=3 lease node.drain '{"bare":1,"empty-dir":1}' "$(node one)"
	until_ok 10 event injected
	over
	figure_is refused_by_budget 2
	figure_is blocked 2
	[ "$(on one | grep -c ^web-one)" = 2 ]
}

@test "parallel: no more evictions at once" {
	played_node one zone-9
	mixed one
	HOLD=3 lease node.drain '{"bare":1,"empty-dir":1,"parallel":1}' "$(node one)"
	until_ok 20 event injected
	over
	figure_is evicted 6
}

@test "what is protected is left" {
	played_node one zone-9
	mixed one
	k label pod bare-one ordeal.dev/protect=true >/dev/null
	HOLD=2 lease node.drain '{"bare":1,"empty-dir":1}' "$(node one)"
	until_ok 20 event injected
	over
	[ "$(acted left)" = bare-one ]
	[ -z "$(get pod/bare-one .metadata.deletionTimestamp)" ]
}

@test "follow is for pods" {
	played_node one zone-9
	lease node.drain '{}' "$(node one)" 10 '{"match":{},"follow":true}'
	until_ok 10 event failed phase=check code=usage
	hang_up
	is "node/$NS-one" .spec.unschedulable ""
}

uncordoned() { is "node/$NS-one" .spec.unschedulable "" && no_traces; }
guardian_pid() { pgrep -P "$pid" | head -n 1; }

@test "SIGKILL of the holder, of the guardian, while pods are still refused: the node is given back" {
	played_node one zone-9
	mixed one
	k create poddisruptionbudget web --selector=app=web-one --max-unavailable=0 >/dev/null
	until_ok 20 is pdb/web .status.expectedPods 2
	remember "node/$NS-one"
	LEASE=a HOLD=60 lease node.drain '{}' "$(node one)"
	until_ok 10 event injected
	is "node/$NS-one" .spec.unschedulable true
	kill -KILL "$pid"
	until_ok 15 uncordoned
	hang_up
	unchanged "node/$NS-one"
	LEASE=b HOLD=60 lease node.drain '{}' "$(node one)"
	until_ok 10 event injected
	is "node/$NS-one" .spec.unschedulable true
	kill -KILL "$(guardian_pid)"
	until_ok 15 uncordoned
	hang_up
	unchanged "node/$NS-one"
}

@test "a lease that is ended in the middle gives the node back" {
	played_node one zone-9
	mixed one
	LEASE=a HOLD=60 lease node.drain '{"bare":1,"empty-dir":1,"parallel":1}' "$(node one)"
	cordoned() { is "node/$NS-one" .spec.unschedulable true; }
	until_ok 10 cordoned
	tell end
	over
	until_ok 5 uncordoned
}

@test "SIGKILL of both: rescue gives the node back" {
	played_node one zone-9
	mixed one
	remember "node/$NS-one"
	HOLD=60 lease node.drain '{}' "$(node one)"
	until_ok 10 event injected
	guardian=$(guardian_pid)
	kill -STOP "$pid" "$guardian" # at a time: neither sees the other end
	kill -KILL "$pid" "$guardian"
	hang_up
	wait "$pid" || :
	is "node/$NS-one" .spec.unschedulable true
	run "$ordeal" rescue
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"node.drain: reverted, residue: 0"* ]]
	unchanged "node/$NS-one"
	no_traces
}
