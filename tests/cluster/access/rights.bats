#!/usr/bin/env bats
# timeout 420 s
# Each shipped experiment, as it is shipped, on a system of which its hypothesis is true, under exactly the role that `ordeal rbac`
# prints for it; what it called, by the API server's own audit log; and without each permission of it. On a control plane of
# its own: the log, and a user for each. Where the experiments fail: ../experiments.bats.
load ../cluster
load ../shop

setup_file() {
	shops_setup
	access
	own_cluster
	systems
	roles
	runs
}
teardown_file() { shops_teardown; }

# Who may log in, and whose calls are written down.
access() {
	local file
	for file in "$experiments"/*.yaml; do
		file=$(basename "$file" .yaml)
		echo "token-$file,$file,$file,\"exact\""
	done >"$T/tokens"
	ORDEAL=$ordeal "$SOURCE_DIR/tests/cluster/access/rights.py" lack "$experiments"/*.yaml >>"$T/tokens"
	cat >"$T/policy" <<-END
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived]
		rules: [{level: Metadata, userGroups: [exact, lacking]}, {level: None}]
	END
	export APISERVER_ARGS="--token-auth-file=$T/tokens --audit-policy-file=$T/policy --audit-log-path=$T/audit"
}

systems() {
	local name
	for name in control-plane-blink dependency-gone dependency-isolated failed-rollout mesh-abort mesh-delay \
		pod-loss registry-unreachable rolling-pod-loss stuck-endpoints; do
		shop $name
	done
	shop budget-honoured "$(own_nodes budget-honoured)"
	of budget-honoured
	played_node a zone-x
	for name in node-drain zone-loss; do
		shop $name "$(own_nodes $name)"
		of $name
		played_node a "$name-a"
		played_node b "$name-b"
		played_node c "$name-c"
	done
	"$SOURCE_DIR/tests/cluster/mesh" "$own"
	all create namespace shop >/dev/null # as the files say; nothing is in it
	NS=kube-system deployment coredns 2
	k -n kube-system patch deployment coredns --type=merge -p '{"spec": {"template": {"metadata": {"labels": {"k8s-app": "kube-dns"}}}}}' >/dev/null
	shops_make
	NS=kube-system until_ok 30 is deployment/coredns .status.updatedReplicas 2
	of node-drain
	daemons
	of mesh-abort
	! k get crd virtualservices.networking.istio.io >/dev/null 2>&1 || route
}
# What a drain leaves where it is.
daemons() {
	k create -f - >/dev/null <<-END
		{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": {"selector": {"matchLabels": {"app": "agent"}},
		"template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"nodeSelector": {"ordeal.test": "$NS"},
		"containers": [{"name": "main", "image": "played:1"}]}}}}
	END
	until_ok 20 is daemonset/agent .status.numberReady 3
}
# A store whose requests go somewhere by a route of its own already.
route() {
	k create -f - >/dev/null <<-END
		{"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "store"},
		"spec": {"hosts": ["store"], "http": [{"name": "all", "route": [{"destination": {"host": "store"}}]}]}}
	END
	k get virtualservice store -o json | jq .spec >"$T/route"
}

# As whom, and allowed what.
roles() {
	local file name
	mkdir "$T/roles"
	for file in "$experiments"/*.yaml; do
		name=$(basename "$file" .yaml)
		of "$name"
		mkdir "$T/runs/$name"
		experiment "$name" "$NS" >"$T/runs/$name/e.yaml"
		"$ordeal" rbac "$T/runs/$name/e.yaml" --user "$name" --name "$name" --json >"$T/roles/$name.json"
		sed '/client-key-data/d; s/client-certificate-data:.*/token: token-'"$name/" "$KUBECONFIG" >"$T/runs/$name/kubeconfig"
	done
	cat "$T/roles"/*.json | all create -f - >/dev/null
}
# as NAME OPTION...: shorter than it is shipped, nothing else.
as() {
	local name=$1
	shift
	AS=$T/runs/$name/kubeconfig begin "$name" "$@"
}

runs() {
	local short=(--set 'spec.faults[0].for=7s')
	# No room for whom is made now, until the budget has refused.
	all cordon "$PREFIX-budget-honoured-a" >/dev/null
	as budget-honoured --set 'spec.faults[0].for=15s'
	once budget-honoured '"what":"refused"' all uncordon "$PREFIX-budget-honoured-a"
	as control-plane-blink --set 'spec.faults[0].for=8s' --set 'spec.faults[1].for=7s'
	as dependency-gone "${short[@]}"
	as dependency-isolated "${short[@]}"
	as failed-rollout "${short[@]}"
	as registry-unreachable "${short[@]}"
	as node-drain --set "spec.faults[0].target.node=$PREFIX-node-drain-a" "${short[@]}"
	as pod-loss "${short[@]}" --set spec.repetitions=1
	as rolling-pod-loss --set 'spec.faults[0].for=9s' --set 'spec.faults[0].pod.delete.every=2s'
	as stuck-endpoints "${short[@]}"
	as zone-loss --set spec.faults[0].target.node.zone=zone-loss-a --set spec.faults[1].target.pod.zone=zone-loss-a \
		--set 'spec.faults[0].for=8s' --set 'spec.faults[1].for=7s'
	as mesh-abort "${short[@]}"
	as mesh-delay "${short[@]}"
}

# fully RUN STATUS: as `ended`, and there was nothing that it was not let do or see.
fully() {
	ended "$@"
	not grep -qi 'forbidden\|not allowed\|"what":"blind"' "$timeline" "$T/runs/$1/said"
	[ "$(jq '.residue // 0' "$report")" -le 0 ]
	clean
}

@test "budget-honoured: one after the other, and never fewer than two" {
	fully budget-honoured 0
	objective "recover(self)" met
	unhurt
	acted evicted 2
	acted refused
	grep -q 'disruption budget orders' "$timeline"
	[ "$(jq '[.repetitions[0].cluster.workloads[] | select(.name == "orders") | .least_available] | min' "$report")" = 2 ]
}

@test "control-plane-blink: the name service goes, and a pod comes" {
	fully control-plane-blink 0
	objective "recover(self)" met
	acted deleted 3
	NS=kube-system is deployment/coredns .status.availableReplicas 2
}

@test "dependency-gone: orders stays" {
	fully dependency-gone 0
	objective "recover(self)" met
	objective "recover(after_rollback)" met
	unhurt
	grep -q '"p":"store-gone".*"good":true\|"good":true.*"p":"store-gone"' "$timeline"
	is deployment/store .spec.replicas 2
}

@test "dependency-isolated: no network plugin is here: accepted, effect not observed" {
	fully dependency-isolated 5
	says "effect not observed"
	[ -z "$(k get networkpolicy -o name)" ]
}

# On nodes that run whatever they are told to; on others in ../real_experiments.bats.
@test "failed-rollout, registry-unreachable: a release that starts after all cannot be reported as stuck" {
	for run in failed-rollout registry-unreachable; do
		fully $run 5
		objective "detect(" inconclusive
		figure '.impact != null and .recovered != null'
		acted patched
		k get deployment orders -o json | jq -e '.spec.template.spec.containers[0].image | test("agnhost:2.53$")'
	done
}

@test "mesh-abort, mesh-delay: no sidecar is here: accepted, effect not observed" {
	fully mesh-abort 5
	says "effect not observed"
	acted patched
	k get virtualservice store -o json | jq .spec | diff "$T/route" -
	fully mesh-delay 5
	says "effect not observed"
	acted created
	[ -z "$(k get virtualservice -o name)" ]
}

@test "node-drain: its pods find room elsewhere, and it is given back" {
	fully node-drain 0
	objective "recover(self)" met
	objective "recover(after_rollback)" met
	unhurt
	acted evicted
	is "node/$NS-a" .spec.unschedulable ""
	is daemonset/agent .status.numberReady 3
}

@test "pod-loss: it is seen, and replaced" {
	fully pod-loss 0
	objective "recover(self)" met
	acted deleted
	figure '.cluster.pods[0] | .victim != .replacement and ([.deleted, .created, .scheduled, .ready] | all(. != null))'
}

@test "rolling-pod-loss: two at least stay ready" {
	fully rolling-pod-loss 0
	objective "recover(self)" met
	acted deleted 2
	acted skipped
	[ "$(jq '[.repetitions[0].cluster.workloads[] | select(.name == "orders") | .least_available] | min' "$report")" -ge 2 ]
}

@test "stuck-endpoints: the service leads to none, and to all of them again" {
	fully stuck-endpoints 0
	objective "recover(after_rollback)" met
	figure '.impact != null and (.time_to_recover_after_rollback.value_ns < 10000000000)'
	is service/orders .spec.selector '{"app":"orders"}'
}

@test "zone-loss: the other zones carry it" {
	fully zone-loss 0
	objective "recover(self)" met
	objective "recover(after_rollback)" met
	acted deleted
	is "node/$NS-a" .spec.unschedulable ""
}

@test "each called all that its role allows, and nothing else, by the API server's audit log" {
	for file in "$experiments"/*.yaml; do until_ok 150 test -e "$T/runs/$(basename "$file" .yaml)/status"; done
	run "$SOURCE_DIR/tests/cluster/access/rights.py" audit "$T/audit" "$T"/roles/*.json
	echo "$output"
	[ "$status" = 0 ]
}

@test "each without each of its permissions: refused before anything is done, and the missing one is named" {
	run env ORDEAL="$ordeal" "$SOURCE_DIR/tests/cluster/access/rights.py" try "$experiments"/*.yaml
	echo "$output"
	[ "$status" = 0 ]
}

@test "without an optional one the run goes on, and says what it does not see" {
	of stuck-endpoints
	# Nodes are looked at for the report alone.
	until_ok 150 test -e "$T/runs/stuck-endpoints/status"
	all delete clusterrolebinding stuck-endpoints >/dev/null
	until_ok 10 not all auth can-i list nodes -A --as=stuck-endpoints
	mkdir "$T/runs/blind"
	cp "$T/runs/stuck-endpoints/e.yaml" "$T/runs/blind"
	AS=$T/runs/stuck-endpoints/kubeconfig begin blind --set 'spec.faults[0].for=2s'
	ended blind 0
	grep -q 'the report will lack a part: not allowed: list nodes' "$T/runs/blind/said"
	grep -q '"state":"injected"' "$timeline"
	of stuck-endpoints
	clean
}
