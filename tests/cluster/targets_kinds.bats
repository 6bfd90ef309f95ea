#!/usr/bin/env bats
# Every filter of nodes, workloads and services, against kubectl's own answer. Pods are in targets.bats.
# timeout 240 s
bats_require_minimum_version 1.5.0
load cluster
load targets

setup() { cluster_setup; }
teardown() { cluster_teardown; }

@test "nodes by every filter" {
	local fault="node.cordon: {}" all="ordeal.test: $NS" everything="nodes -l ordeal.test=$NS"
	played_node a za
	played_node b zb
	played_node c zc
	k annotate node "$NS-a" team=x >/dev/null
	k label node "$NS-a" "$NS-b" tier=web >/dev/null
	k label node "$NS-a" rank=1 >/dev/null
	k cordon "$NS-c" >/dev/null
	part_of "$fault" "node: $NS-b" nodes "$NS-b"
	part_of "$fault" "node: {name: ['$NS-a', '$NS-[bx]']}" nodes "$NS-a" "$NS-b"
	part_of "$fault" "node: {labels: {$all}, selector: 'tier in (web,api),!rank'}" nodes -l "ordeal.test=$NS,tier in (web,api),!rank"
	part_of "$fault" "node: {labels: {$all, tier: web}}" nodes -l "ordeal.test=$NS,tier=web"
	part_of "$fault" "node: {labels: {$all}, fieldSelector: spec.unschedulable=true}" nodes -l "ordeal.test=$NS" --field-selector spec.unschedulable=true
	part_of "$fault" "node: {labels: {$all}, annotations: team=x}" nodes "$NS-a"
	part_of "$fault" "node: {labels: {$all}, zone: [za, 'z[b]']}" nodes "$NS-a" "$NS-b"
	part_of "$fault" "node: {labels: {$all}}, exclude: {zone: za}" nodes "$NS-b" "$NS-c"
	part_of "$fault" "node: {labels: {$all}}, exclude: {labels: {tier: web}, annotations: team}" nodes "$NS-b" "$NS-c"
	nothing_of "$fault" "node: {labels: {$all}, condition: Ready=False}" "condition Ready is True, not False"
	nothing_of "$fault" "node: {labels: {$all}, olderThan: 1h}" "old, not 1h"
	sleep 3
	nothing_of "$fault" "node: {labels: {$all}, youngerThan: 1s}" "old, more than 1s"
	k annotate node "$NS-b" ordeal.dev/protect=true >/dev/null
	part_of "$fault" "node: {labels: {$all}}" nodes "$NS-a" "$NS-c"
	part_of "$fault" "node: $NS-b" nodes "$NS-b"
	# Two of three, of as many zones; a share is rounded up.
	for seed in 1 2 3; do
		experiment "{node: {labels: {$all}}, count: 2, spread: zone}" 9 "$fault"
		"$ordeal" plan --json --seed $seed "$T/e.yaml" | jq -e '[.resolved[0].place.cluster.objects[][3]] | unique | length == 2'
	done
	k annotate node "$NS-b" ordeal.dev/protect- >/dev/null
	[ "$(chosen "{node: {labels: {$all}}, percent: 34}" 9 "$fault" | wc -l)" = 2 ]
}

# workload KIND NAME [LINE-OF-METADATA...]
workload() {
	local kind=$1 name=$2 version=apps/v1 spec
	shift 2
	local template="template: {metadata: {labels: {app: $name}}, spec: {restartPolicy: Always, nodeSelector: {none: such}, containers: [{name: c-$name, image: \"played:1\"}]}}"
	case $kind in
	Job) version=batch/v1 spec="{suspend: true, ${template/Always/Never}}" ;;
	DaemonSet) spec="{selector: {matchLabels: {app: $name}}, $template}" ;;
	StatefulSet) spec="{replicas: 0, serviceName: x, selector: {matchLabels: {app: $name}}, $template}" ;;
	*) spec="{replicas: 0, selector: {matchLabels: {app: $name}}, $template}" ;;
	esac
	{
		printf 'apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n' $version "$kind" "$name"
		[ $# = 0 ] || printf '  %s\n' "$@"
		echo "spec: $spec"
	} | k apply -f - >/dev/null
}

@test "workloads of each kind by every filter" {
	local fault="k8s.patch: {patch: '[]'}" ns="namespace: $NS" four="deploy,sts,ds,job" everything
	everything=$four
	workload Deployment web 'labels: {tier: web}' 'annotations: {team: x}'
	workload Deployment api 'labels: {tier: api, old: "1"}'
	workload StatefulSet db 'labels: {tier: db}'
	workload DaemonSet log 'labels: {tier: web}'
	workload Job once 'labels: {tier: job}' 'annotations: {team: x}'
	until_ok 20 is deployment/web '.status.conditions[?(@.type=="Available")].status' True
	until_ok 20 is job/once '.status.conditions[?(@.type=="Suspended")].status' True
	k create -f - >/dev/null <<END
apiVersion: batch/v1
kind: Job
metadata:
  name: nightly-1
  namespace: $NS
  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: $(k create cronjob nightly --image=played:1 --schedule='0 0 1 1 *' -o 'jsonpath={.metadata.uid}')}]
spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: main, image: "played:1"}]}}}
END
	for kind in Deployment StatefulSet DaemonSet Job; do
		part_of "$fault" "workload: {kind: $kind, $ns}" "$kind"
	done
	part_of "$fault" "workload: deploy/web, $ns" deploy web
	part_of "$fault" "workload: sts/*, $ns" sts
	part_of "$fault" "workload: {$ns, name: [web, 'l?g']}" deploy/web ds/log
	part_of "$fault" "workload: {$ns, selector: 'tier in (web,db),tier notin (db)'}" $four -l 'tier=web'
	part_of "$fault" "workload: {$ns, selector: 'tier,!old'}" $four -l 'tier,!old'
	part_of "$fault" "workload: {$ns, labels: {tier: web}}" $four -l tier=web
	part_of "$fault" "workload: {$ns, fieldSelector: metadata.name!=web}" $four --field-selector metadata.name!=web
	part_of "$fault" "workload: {$ns, annotations: team=x}" deploy/web job/once
	part_of "$fault" "workload: {$ns, owner: CronJob/nightly}" job/nightly-1
	part_of "$fault" "workload: {$ns, owner: cj/night*}" job/nightly-1
	part_of "$fault" "workload: {$ns, condition: Available}" deploy/web deploy/api
	part_of "$fault" "workload: {$ns, condition: Suspended=True}" job/once job/nightly-1
	part_of "$fault" "workload: {$ns, container: 'c-[dl]*'}" sts/db ds/log
	part_of "$fault" "workload: {$ns}, exclude: {labels: {tier: web}}" $four -l 'tier!=web'
	part_of "$fault" "workload: {$ns}, exclude: {name: web}" deploy/api sts/db ds/log job/once job/nightly-1
	part_of "$fault" "workload: {namespace: '*', namespaceSelector: 'kubernetes.io/metadata.name=$NS', labels: {tier: db}}" sts db
	part_of "$fault" "workload: {namespace: '${NS%?}?', labels: {tier: db}}" sts db
	nothing_of "$fault" "workload: {$ns, olderThan: 1h}" "old, not 1h"
	nothing_of "$fault" "workload: {$ns, condition: Available=False}" "condition Available is True, not False"
	sleep 3
	nothing_of "$fault" "workload: {$ns, youngerThan: 1s}" "old, more than 1s"
	k annotate sts db ordeal.dev/protect=true >/dev/null
	part_of "$fault" "workload: {$ns}" deploy/web deploy/api ds/log job/once job/nightly-1
	[ "$(chosen "{workload: {$ns}, percent: 41}" 9 "$fault" | wc -l)" = 3 ] # of five
	[ "$(chosen "{workload: {$ns}, count: 2}" 9 "$fault" | wc -l)" = 2 ]
}

@test "services by every filter" {
	local fault="service.detach: {}" ns="namespace: $NS" everything=services
	for name in web api db; do k create service clusterip "$name" --tcp=80:8080 >/dev/null; done
	k create service nodeport out --tcp=80:8080 >/dev/null
	k label service web api tier=front >/dev/null
	k label service db --overwrite tier=back >/dev/null
	k annotate service web team=x >/dev/null
	k patch service db --type=merge -p "$(k create configmap top -o json |
		jq -c '{metadata: {ownerReferences: [{apiVersion: "v1", kind: "ConfigMap", name: .metadata.name, uid: .metadata.uid}]}}')" >/dev/null
	part_of "$fault" "service: web, $ns" services web
	part_of "$fault" "service: {$ns, name: ['*b', a*]}" services web db api
	part_of "$fault" "service: {$ns, selector: 'tier in (front,back),app notin (api)'}" services -l 'tier in (front,back),app notin (api)'
	part_of "$fault" "service: {$ns, labels: {tier: front}}" services -l tier=front
	part_of "$fault" "service: {$ns, fieldSelector: spec.type=NodePort}" services --field-selector spec.type=NodePort
	part_of "$fault" "service: {$ns, annotations: team}" services web
	part_of "$fault" "service: {$ns, owner: ConfigMap/top}" services db
	part_of "$fault" "service: {$ns}, exclude: {labels: {tier: front}}" services -l tier!=front
	part_of "$fault" "service: {namespace: '*', namespaceSelector: 'kubernetes.io/metadata.name=$NS', labels: {tier: back}}" services db
	part_of "$fault" "service: {namespace: ['${NS%?}?', other], labels: {tier: back}}" services db
	nothing_of "$fault" "service: {$ns, olderThan: 1h}" "old, not 1h"
	sleep 3
	nothing_of "$fault" "service: {$ns, youngerThan: 1s}" "old, more than 1s"
	k annotate service out ordeal.dev/protect=true >/dev/null
	part_of "$fault" "service: {$ns}" services web api db
	part_of "$fault" "service: out, $ns" services out
	[ "$(chosen "{service: {$ns}, percent: 34}" 9 "$fault" | wc -l)" = 2 ]
	[ "$(chosen "{service: {$ns}, count: 1}" 9 "$fault" | wc -l)" = 1 ]
}
