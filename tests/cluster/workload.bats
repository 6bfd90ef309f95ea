#!/usr/bin/env bats
# timeout 300 s
# workload.scale, workload.restart and workload.image: the effect as kubectl sees it, and everything as it was after.
load cluster
load faults
setup() { cluster_setup; holder=; }
teardown() {
	unforbid
	cluster_teardown
}

# apps KIND NAME REPLICAS [LINE-OF-SPEC...]: a StatefulSet or DaemonSet
apps() {
	local kind=$1 name=$2
	shift 2
	k apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: $kind
metadata: {name: $name}
spec:
$(printf '  %s\n' "$@")
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name}}
    spec:
      nodeSelector: {type: kwok}
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "played:1"}, {name: side, image: "side:1"}]
END
}
stateful() {
	apps StatefulSet "$1" "replicas: $2" "serviceName: $1" "${@:3}"
	until_ok 30 is "statefulset/$1" .status.readyReplicas "$2"
}
job() { # NAME PARALLELISM: its pods do not end
	k apply -f - >/dev/null <<END
apiVersion: batch/v1
kind: Job
metadata: {name: $1}
spec:
  parallelism: $2
  completions: 1000
  template:
    metadata: {labels: {app: $1}}
    spec:
      nodeSelector: {nothing: here}
      restartPolicy: Never
      containers: [{name: main, image: "played:1"}]
END
	until_ok 30 is "job/$1" .status.active "$2"
}
count() { [ "$(pods "app=$1" | wc -l)" = "$2" ]; }

@test "scale: a deployment to none, and back" {
	deployment web 3
	remember deployment/web
	begin workload.scale '{"to":0}' deployment/web
	is deployment/web .spec.replicas 0
	is deployment/web .status.replicas ""
	count web 0
	[ "$(event checked .class)" = journal ]
	end_lease
	unchanged deployment/web
	no_traces
	[ "$(event reverted .figures.replicas_was)" = 3 ]
	until_ok 30 is deployment/web .status.availableReplicas 3
}

@test "scale: by a factor, rounded down; several at once" {
	deployment web 3
	deployment api 5
	begin workload.scale '{"factor":500000}' deployment/web deployment/api
	is deployment/web .spec.replicas 1
	is deployment/api .spec.replicas 2
	count web 1
	count api 2
	end_lease
	is deployment/web .spec.replicas 3
	is deployment/api .spec.replicas 5
	begin workload.scale '{"factor":2000000}' deployment/web
	count web 6
	end_lease
	begin workload.scale '{"factor":0}' deployment/web
	count web 0
	end_lease
	no_traces
}

@test "scale: a stateful set, a replica set, a job" {
	stateful db 3
	job batch 3
	remember statefulset/db job/batch
	begin workload.scale '{"to":1}' statefulset/db job/batch
	is statefulset/db .status.replicas 1
	is job/batch .status.active 1
	end_lease
	unchanged statefulset/db job/batch
	begin workload.scale '{"to":4}' statefulset/db job/batch
	until_ok 20 count db 4
	is job/batch .status.active 4
	end_lease
	unchanged statefulset/db job/batch
	k create -f - >/dev/null <<END
{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"set"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"set"}},
 "template":{"metadata":{"labels":{"app":"set"}},"spec":{"containers":[{"name":"main","image":"played:1"}]}}}}
END
	until_ok 20 is replicaset/set .status.replicas 2
	begin workload.scale '{"to":0}' replicaset/set
	count set 0
	end_lease
	is replicaset/set .spec.replicas 2
	no_traces
}

@test "scale: what cannot be scaled is refused, with the reason" {
	apps DaemonSet agent
	deployment web 2
	refused "pod.delete ends its pods" workload.scale '{"to":0}' daemonset/agent
	refused "nothing would change" workload.scale '{"to":2}' deployment/web
	refused "either to or factor" workload.scale '{}' deployment/web
	refused "either to or factor" workload.scale '{"to":1,"factor":500000}' deployment/web
	job batch 1
	k patch job batch --type=merge -p '{"spec":{"suspend":true}}' >/dev/null
	refused "suspended" workload.scale '{"to":0}' job/batch
}

@test "scale: an autoscaler is told of before, and named where it takes the change back" {
	deployment web 3
	k autoscale deployment web --min=2 --max=5 --cpu=50% >/dev/null
	begin workload.scale '{"to":1}' deployment/web
	event checked '.notes[]' | grep "HorizontalPodAutoscaler web scales Deployment web between 2 and 5: it will take"
	until_ok 60 told reverted # below its minimum it acts without any metrics
	exec 9>&-
	clean_end
	[ "$(event reverting .cause)" = taken-back ]
	[[ $(event reverting .by) == *kube-controller-manager* ]]
	is deployment/web .spec.replicas 2
	no_traces
}

@test "scale: whoever is killed, it is as it was" {
	deployment web 3
	survives workload.scale '{"to":0}' deployment/web deployment/web
}

@test "scale: what others change meanwhile stays" {
	deployment web 3
	begin workload.scale '{"to":0}' deployment/web
	k label deployment web team=payments >/dev/null
	k patch deployment web --type=merge -p '{"spec":{"revisionHistoryLimit":3}}' >/dev/null
	k annotate deployment web note=kept >/dev/null
	end_lease
	is deployment/web .spec.replicas 3
	is deployment/web .metadata.labels.team payments
	is deployment/web .spec.revisionHistoryLimit 3
	is deployment/web .metadata.annotations.note kept
	no_traces
}

@test "scale: a field manager that takes it back ends it, and is named" {
	deployment web 3
	begin workload.scale '{"to":0}' deployment/web
	k apply --server-side --field-manager=argocd-controller --force-conflicts -f - >/dev/null <<END
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3}}
END
	until_ok 20 told reverted
	exec 9>&-
	clean_end
	[ "$(event reverting .cause)" = taken-back ]
	[[ $(event reverting .by) == *argocd-controller* ]]
	is deployment/web .spec.replicas 3
	no_traces
}

@test "scale: an object that goes, or is another, before the revert" {
	deployment web 3
	begin workload.scale '{"to":0}' deployment/web
	k delete deployment web >/dev/null
	until_ok 20 told reverted
	exec 9>&-
	clean_end
	[ "$(event reverting .cause)" = target-gone ]

	deployment web 3
	begin workload.scale '{"to":0}' deployment/web
	kill -STOP "$holder" "$(guardian)"
	k delete deployment web >/dev/null
	deployment web 2
	kill -CONT "$holder"
	exec 9>&-
	until_ok 20 told reverted
	is deployment/web .spec.replicas 2
	no_traces
}

@test "scale: what may not be done is refused before, with the verb" {
	deployment web 3
	lesser reader get,list,watch apps/deployments get,list,create,update,patch,delete coordination.k8s.io/leases \
		list autoscaling/horizontalpodautoscalers
	AS=$T/reader.kubeconfig refused "patch" workload.scale '{"to":0}' deployment/web
	[[ $(event failed .message) == *deployments* ]]
}

@test "scale: what admission forbids is refused before, in its words" {
	deployment web 3
	forbid deployments 'object.spec.replicas >= 2' "two are the least"
	until_ok 20 refused "two are the least" workload.scale '{"to":0}' deployment/web
}

@test "restart: every pod anew, nothing to take back" {
	deployment web 3
	pods app=web >"$T/before"
	begin workload.restart '{}' deployment/web
	[ "$(event checked .class)" = none ]
	is_not deployment/web '.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt' ""
	renewed() { count web 3 && [ -z "$(pods app=web | comm -12 - "$T/before")" ]; }
	until_ok 30 renewed
	echo '{"protocol":1,"op":"end"}' >&9
	exec 9>&-
	ended_with 0 "$holder"
	[ "$(event reverted .residue)" = -1 ]
	no_traces
}

@test "restart: what would not roll out is refused" {
	deployment web 1
	k rollout pause deployment web >/dev/null
	refused "paused" workload.restart '{}' deployment/web
	job batch 1
	refused "cannot be changed" workload.restart '{}' job/batch
	apps StatefulSet db "replicas: 1" "serviceName: db" "updateStrategy: {type: OnDelete}"
	refused "OnDelete" workload.restart '{}' statefulset/db
}

@test "image: a broken tag is the failed roll-out" {
	deployment web 3
	remember deployment/web
	begin workload.image '{"tag":"broken"}' deployment/web
	is deployment/web '.spec.template.spec.containers[0].image' played:broken
	k get replicaset -l app=web -o jsonpath='{.items[*].spec.template.spec.containers[0].image}' | grep -w played:broken
	end_lease
	unchanged deployment/web
	no_traces
	run k get pods -l app=web -o jsonpath='{.items[*].spec.containers[0].image}'
	until_ok 30 is deployment/web .status.updatedReplicas 3
}

@test "image: the container is named where there are several" {
	apps DaemonSet agent
	until_ok 30 is_not daemonset/agent .status.desiredNumberScheduled 0
	refused "say which of its containers: main, side" workload.image '{"tag":"x"}' daemonset/agent
	refused "there is no 'other'" workload.image '{"tag":"x","container":"other"}' daemonset/agent
	refused "already" workload.image '{"tag":"1","container":"side"}' daemonset/agent
	remember daemonset/agent
	begin workload.image '{"image":"registry.invalid/side:2","container":"side"}' daemonset/agent
	is daemonset/agent '.spec.template.spec.containers[1].image' registry.invalid/side:2
	# Meanwhile somebody puts another container before it: ours is still found.
	k patch daemonset agent --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0","value":{"name":"new","image":"new:1"}}]' >/dev/null
	end_lease
	is daemonset/agent '.spec.template.spec.containers[*].image' "new:1 played:1 side:1"
	no_traces
}

@test "image: a stateful set gets out of the broken pod" {
	# A played node runs any image: a pod that waits to be scheduled stands for one whose image is not there.
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Node
metadata: {name: $NS-a, labels: {ordeal.test: $NS, only: $NS}, annotations: {kwok.x-k8s.io/node: fake}}
status: {allocatable: {cpu: 8, memory: 8Gi, pods: 100}, capacity: {cpu: 8, memory: 8Gi, pods: 100}}
END
	until_ok 20 is "node/$NS-a" '.status.conditions[?(@.type=="Ready")].status' True
	stateful db 2
	k patch statefulset db --type=json -p "[{\"op\":\"add\",\"path\":\"/spec/template/spec/nodeSelector\",\"value\":{\"only\":\"$NS\"}}]" >/dev/null
	settled() { is statefulset/db .status.updatedReplicas 2 && is statefulset/db .status.readyReplicas 2 && count db 2; }
	until_ok 40 settled
	remember statefulset/db
	k cordon "$NS-a" >/dev/null # what comes now is not scheduled
	begin workload.image '{"tag":"broken","container":"main"}' statefulset/db
	stuck() { k get pod db-1 -o jsonpath='{.spec.containers[0].image} {.status.phase}' | grep "played:broken Pending"; }
	until_ok 20 stuck
	event checked '.notes[]' | grep "not ready are deleted"
	end_lease
	unchanged statefulset/db
	renewed() { k get pod db-1 -o jsonpath='{.spec.containers[0].image}' | grep -x played:1; }
	until_ok 20 renewed
	k uncordon "$NS-a" >/dev/null
	until_ok 30 is statefulset/db .status.readyReplicas 2
	no_traces
}

@test "image: whoever is killed, it is as it was" {
	deployment web 2
	survives workload.image '{"tag":"broken"}' deployment/web deployment/web
}
