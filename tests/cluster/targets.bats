#!/usr/bin/env bats
# Who is chosen in a cluster: every filter against kubectl's own answer.
# timeout 240 s
bats_require_minimum_version 1.5.0
load cluster
load targets

setup() { cluster_setup; }
teardown() {
	[ -z "${NS:-}" ] || "$CLUSTER/kubectl" -n kube-system delete pod "api-$NS" --ignore-not-found --wait=false >/dev/null 2>&1
	cluster_teardown
}

none() {
	experiment "{$1, all: true}" 1000 "${2:-}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
}

pod() { # pod NAME NODE [LABELS] [PHASE-LINE...]
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {$3}, annotations: {team: "of-$1"}}
spec: {nodeName: $NS-$2, containers: [{name: c-$1, image: "played:1"}], tolerations: [{operator: Exists}]}
END
}

@test "every filter chooses what kubectl lists" {
	played_node a za
	played_node b zb
	pod one a "app: x, tier: web"
	pod two a "app: x, tier: api"
	pod three b "app: 'y'"
	pod four b "app: 'y', old: 'true'"
	deployment orders 2
	until_ok 20 eval '[ "$(k get pods --field-selector=status.phase=Running -o name | wc -l)" = 6 ]'
	local ns="namespace: $NS"
	same "pod: {$ns}" pods
	same "pod: two, $ns" pods two
	same "pod: {name: [one, th*], $ns}" pods one three
	same "pod: {$ns, selector: app=x}" pods -l app=x
	same "pod: {$ns, selector: 'app in (x,y),!old'}" pods -l 'app in (x,y),!old'
	same "pod: {$ns, selector: 'tier notin (web)'}" pods -l 'tier notin (web)'
	same "pod: {$ns, labels: {app: x, tier: api}}" pods -l app=x,tier=api
	same "pod: {$ns, fieldSelector: 'spec.nodeName!=$NS-a'}" pods --field-selector "spec.nodeName!=$NS-a"
	same "pod: {$ns, node: $NS-a}" pods --field-selector "spec.nodeName=$NS-a"
	same "pod: {$ns, node: '$NS-*'}" pods one two three four
	same "pod: {$ns, zone: zb}" pods three four
	same "pod: {$ns, phase: Running}" pods --field-selector status.phase=Running
	same "pod: {$ns, phase: [Running, Pending]}" pods
	same "pod: {$ns, condition: Ready}" pods
	same "pod: {$ns, container: c-t*}" pods two three
	same "pod: {$ns, annotations: 'team=of-one'}" pods one
	same "pod: {$ns, owner: Deployment/orders}" pods -l app=orders
	same "pod: {$ns, owner: 'ReplicaSet/orders-*'}" pods -l app=orders
	same "pod: {$ns, youngerThan: 1h}" pods
	same "pod: {$ns}, exclude: {labels: {app: orders}}" pods -l app!=orders
	same "pod: {$ns}, exclude: {zone: za, labels: {tier: web}}" pods -l tier!=web
	same "pod: {namespace: '${NS%?}*', namespaceSelector: 'kubernetes.io/metadata.name=$NS', labels: {app: x}}" pods -l app=x
	same "pod: {namespace: '*', namespaceSelector: 'kubernetes.io/metadata.name=$NS'}" pods
	none "pod: {$ns, olderThan: 1h}"
	none "pod: {$ns, condition: Ready=False}"
	none "pod: {$ns, owner: Deployment/other}"
}

@test "nodes, workloads, services and objects" {
	played_node a za
	played_node b zb
	deployment orders 1
	deployment api 0
	service orders
	k create configmap settings --from-literal=a=b >/dev/null
	same2() { chosen "$1" 1000 "$2" >"$T/ours"; shift 2; printf '%s\n' "$@" | sort | diff -u - "$T/ours"; }
	same2 "{node: {labels: {ordeal.test: $NS}}, all: true}" "node.cordon: {}" "$NS-a" "$NS-b"
	same2 "{node: {labels: {ordeal.test: $NS}, zone: zb, condition: Ready}, all: true}" "node.cordon: {}" "$NS-b"
	same2 "{workload: deployment/orders, namespace: $NS}" "workload.restart: {}" orders
	same2 "{workload: {namespace: $NS}, all: true}" "workload.restart: {}" api orders
	same2 "{workload: {kind: Deployment, namespace: $NS, container: main, labels: {app: api}}}" "workload.restart: {}" api
	same2 "{service: orders, namespace: $NS}" "service.detach: {}" orders
	same2 "{object: v1/ConfigMap/settings, namespace: $NS}" "k8s.patch: {patch: '[]'}" settings
	experiment "{object: v1/ConfigMap/settings}" 9 "k8s.patch: {patch: '[]'}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"a ConfigMap is in a namespace: name it"* ]]
	experiment "{object: example.org/v1/Thing/x, namespace: $NS}" 9 "k8s.patch: {patch: '[]'}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" != 0 ]
}

@test "count, percent, spread and the limit; the same seed chooses the same" {
	played_node a za
	played_node b zb
	for i in 1 2 3 4 5; do pod "p$i" a "app: x"; done
	pod p6 b "app: x"
	[ "$(chosen "{pod: {namespace: $NS}, count: 2}" | wc -l)" = 2 ]
	cp "$T/by-plan" "$T/first"
	chosen "{pod: {namespace: $NS}, count: 2}" | diff -u "$T/first" -
	[ "$(chosen "{pod: {namespace: $NS}, percent: 30}" | wc -l)" = 2 ]
	[ "$(chosen "{pod: {namespace: $NS}, percent: 34}" | wc -l)" = 3 ]
	for seed in 1 2 3 4 5; do # one of each node, whatever the seed
		experiment "{pod: {namespace: $NS}, count: 2, spread: zone}"
		"$ordeal" plan --json --seed $seed "$T/e.yaml" | jq -r '.resolved[0].place.cluster.objects[][3]' | grep -qx p6
	done
	experiment "{pod: {namespace: $NS}}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"6 pods match (p1, p2, p3, p4, ...); name one, or say count, percent or all"* ]]
	experiment "{pod: {namespace: $NS}, count: 7}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"7 pods are asked for, but only 6 match"* ]]
	experiment "{pod: {namespace: $NS}, all: true}" 5
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"it would hit 6 pods, more than the limit of 5 (limits.targets"* ]]
}

@test "the protected are left alone unless they are named" {
	played_node a za
	pod one a "app: x"
	pod two a "app: x"
	k annotate pod one ordeal.dev/protect=true >/dev/null
	[ "$(chosen "{pod: {namespace: $NS}, all: true}")" = two ]
	[ "$(chosen "{pod: one, namespace: $NS}")" = one ]
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 0 ]
	experiment "{pod: {namespace: $NS}, all: true}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[[ $output == *"Pod $NS/one  protected: ordeal.dev/protect is true"* ]]
	k label namespace "$NS" ordeal.dev/protect=true >/dev/null
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"none of which may be hit"* ]]
	k label namespace "$NS" ordeal.dev/protect- >/dev/null
	# The node that an API server runs on, as a pod.
	"$CLUSTER/kubectl" -n kube-system apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: api-$NS, labels: {component: kube-apiserver}}
spec: {nodeName: $NS-a, containers: [{name: c, image: "played:1"}]}
END
	experiment "{node: {labels: {ordeal.test: $NS}}, all: true}" 9 "node.cordon: {}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"the API server runs on it"* ]]
}

@test "why others are not chosen" {
	played_node a za
	pod one a "app: x"
	pod two a "app: 'y'"
	k delete pod two --wait=false --grace-period=60 >/dev/null
	pod three a ""
	experiment "{pod: {namespace: $NS, labels: {app: x}}}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml"
	[ "$status" = 0 ]
	[[ $output == *"1 would be hit, in context kubelab"*"Pod $NS/one"*"not hit"* ]]
	[[ $output == *"Pod $NS/three  label app is missing"* ]]
	experiment "{pod: {namespace: $NS}, count: 1}"
	"$ordeal" targets --json "$T/e.yaml" >"$T/j"
	jq -e '.[0] | (.chosen | length) == 1 and ([.others[].why] | any(. == "it matches, but was not drawn"))' "$T/j"
	jq -e '.[0] | .n_matching == 2 and .n_looked_at == .n_others + 1 and ([.others[].state] | any(. == "not-chosen"))' "$T/j"
}

@test "a run names its cluster" {
	experiment "{pod: {namespace: $NS}}"
	sed -i 's/, cluster: kubelab//' "$T/e.yaml"
	for command in "targets" "run"; do
		run --separate-stderr "$ordeal" $command "$T/e.yaml"
		[ "$status" = 2 ]
		[[ $stderr == *"name it with --context or limits.cluster"*kubelab* ]]
	done
	"$ordeal" plan "$T/e.yaml" | grep "cannot be resolved: which cluster"
	sed -i 's/duration: 1s}/duration: 1s, cluster: other}/' "$T/e.yaml"
	run --separate-stderr "$ordeal" targets "$T/e.yaml" --context kubelab
	[ "$status" = 2 ]
	[[ $stderr == *"limits.cluster is 'other', but --context names 'kubelab'"* ]]
	run --separate-stderr "$ordeal" inject pod.delete --pod x --namespace "$NS" --for 1s
	[ "$status" = 2 ]
	[[ $stderr == *"name it with --context"* ]]
}

@test "inject takes the same filters" {
	played_node a za
	for i in 1 2 3; do pod "p$i" a "app: x"; done
	run --separate-stderr "$ordeal" inject pod.delete --context kubelab --namespace "$NS" --pod '*' -l app=x \
		--exclude-name p1,p2 --grace 1s --for 1s --json
	[ "$status" = 0 ]
	until_ok 10 eval '! k get pod p3 2>/dev/null'
	k get pod p1 p2
	run --separate-stderr "$ordeal" inject pod.delete --context kubelab --pod p1 --for 1s
	[ "$status" = 2 ]
	[[ $stderr == *"--namespace is missing, and none is assumed"* ]]
	run --separate-stderr "$ordeal" inject node.cordon --context kubelab --node "$NS-a" --namespace "$NS" --for 1s
	[ "$status" = 2 ]
	[[ $stderr == *"--namespace says nothing of a node"* ]]
}

@test "plan and validate say which cluster it is, and what was asked" {
	played_node a za
	pod one a "app: x"
	pod two a "app: x"
	experiment "{pod: {namespace: $NS, node: $NS-a}, all: true}"
	server=$(k config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
	run --separate-stderr "$ordeal" plan "$T/e.yaml"
	[ "$status" = 0 ]
	[[ $output == *"cannot be undone: it (class none)"*"context    kubelab"*"server     $server, v1."*"rights     all that it needs are granted"* ]]
	[[ $output == *"now        2: Pod $NS/one, Pod $NS/two"* ]]
	"$ordeal" plan --json "$T/e.yaml" | jq -e --arg server "$server" '.cluster | .asked and .server == $server and .missing == [] and .rules > 5'
	# The text alone; then all.
	run "$ordeal" validate "$T/e.yaml"
	[ "$status" = 0 ]
	[ "$output" = "$T/e.yaml: ok as a text; its cluster was not asked (--now)" ]
	run "$ordeal" validate --now "$T/e.yaml"
	[ "$status" = 0 ]
	[[ $output == *": ok; in context kubelab, $server, all "*" rights are granted; 'it' would hit 2" ]]
	# Not verified: said in both.
	sed 's/certificate-authority\(-data\)\?: .*/insecure-skip-tls-verify: true/' "$KUBECONFIG" >"$T/insecure"
	KUBECONFIG=$T/insecure "$ordeal" plan "$T/e.yaml" | grep 'warning    insecure-skip-tls-verify'
	KUBECONFIG=$T/insecure "$ordeal" validate --now "$T/e.yaml" 2>&1 | grep 'warning: insecure-skip-tls-verify'
	# Nobody there: the plan stands, and says so; validate --now fails.
	sed "s#$server#https://127.0.0.1:$("$SOURCE_DIR/tests/cluster/free-ports" 1)#" "$KUBECONFIG" >"$T/away"
	KUBECONFIG=$T/away run "$ordeal" plan "$T/e.yaml"
	[ "$status" = 0 ]
	[[ $output == *"not asked  https://"*"now        cannot be resolved"* ]]
	KUBECONFIG=$T/away run "$ordeal" validate --now "$T/e.yaml"
	[ "$status" = 6 ]
	# Who may nothing is told what is missing.
	k create serviceaccount nobody >/dev/null
	k config view --raw --minify -o json | jq --arg t "$(k create token nobody)" '.users[0].user = {token: $t}' >"$T/nobody"
	KUBECONFIG=$T/nobody run "$ordeal" plan "$T/e.yaml"
	[ "$status" = 0 ]
	[[ $output == *"are missing: a run would be refused"*"missing    "*"delete pods in namespace $NS (fault 'it'"* ]]
	KUBECONFIG=$T/nobody run "$ordeal" validate --now "$T/e.yaml"
	[ "$status" != 0 ]
	[[ $output == *"not allowed: "*"delete pods in namespace $NS"* ]]
	# What is not there is named, with what is near.
	experiment "{pod: {namespace: ${NS}x}, all: true}"
	run "$ordeal" validate --now "$T/e.yaml"
	[ "$status" = 2 ]
	[[ $output == *"there is no namespace '${NS}x'; did you mean '$NS'?"* ]]
}

@test "targets of options, without a file" {
	played_node a za
	for i in 1 2 3; do pod "p$i" a "app: x"; done
	run --separate-stderr "$ordeal" targets --context kubelab --pod '*' -n "$NS" -l 'app in (x)' --count 2 --seed 3
	[ "$status" = 0 ]
	[[ $output == "2 of the 3 that match would be hit, in context kubelab"* ]]
	"$ordeal" targets --context kubelab --pod '*' -n "$NS" --percent 34 --json | jq -e '.[0] | (.chosen | length) == 2 and .n_matching == 3 and (has("fault") | not)'
	run --separate-stderr "$ordeal" targets --context kubelab --node "$NS-[ab]" --field-selector "metadata.name=$NS-a"
	[ "$status" = 0 ]
	[[ $output == *"1 would be hit"*"Node $NS-a"* ]]
	run --separate-stderr "$ordeal" targets --context kubelab --workload deploy/none -n "$NS"
	[ "$status" = 2 ]
	[[ $output == *"there is no Deployment 'none' in namespace $NS"* ]]
	run --separate-stderr "$ordeal" targets --context kubelab --pod '*' -n "$NS" --all --limit 2
	[ "$status" = 2 ]
	[[ $output == *"it would hit 3 pods, more than the limit of 2"* ]]
	run --separate-stderr "$ordeal" targets --context kubelab --pod '*' -n "$NS" -l 'app in (x'
	[ "$status" = 2 ]
	[[ $stderr == *"--selector: selector 'app in (x', column 10:"* ]]
	experiment "{pod: {namespace: $NS}, all: true}"
	run --separate-stderr "$ordeal" targets "$T/e.yaml" --pod '*'
	[ "$status" = 2 ]
	[[ $stderr == *"--pod beside "*"give one of the two"* ]]
}
