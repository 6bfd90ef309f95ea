#!/usr/bin/env bats
# timeout 200 s
# What is told of a fault that its holder did not take back: what stays because others changed it, and what only the revert
# lets go, whoever does it: guardian, rescue here, rescue from any other machine.
load cluster
load faults
setup() { cluster_setup; holder=; }
teardown() { cluster_teardown; }

two_fields='{"patch":"[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1},{\"op\":\"add\",\"path\":\"/metadata/labels/ours\",\"value\":\"1\"}]"}'
# Another takes one of the two; with the holder stopped nobody ends the lease for it.
meddled() {
	deployment web 2
	begin k8s.patch "$two_fields" deployment/web
	kill -STOP "$holder" "$(guardian)"
	k patch deployment web --field-manager=argocd --type=merge -p '{"spec":{"replicas":4}}' >/dev/null
}
stays() {
	is deployment/web .spec.replicas 4
	is deployment/web .metadata.labels.ours ""
	no_traces
}
no_records() { [ -z "$(ls "$XDG_STATE_HOME/ordeal/undo")" ]; }
# no_more ARGUMENT...: a second rescue has nothing to say.
no_more() { [ "$("$ordeal" rescue "$@")" = "nothing to rescue" ]; }

@test "kept by a rescue on this machine: told, in text and as JSON" {
	meddled
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	"$ordeal" rescue --json >"$T/json"
	cat "$T/json"
	[ "$(jq -r '.[0].action' "$T/json")" = reverted ]
	[ "$(jq -r '.[0].kept[0]' "$T/json")" = "Deployment $NS/web: /spec/replicas is 4, by argocd" ]
	stays
	no_records
}

@test "kept by a guardian: its record waits for somebody to be told" {
	meddled
	local g
	g=$(guardian)
	kill -KILL "$holder"
	kill -CONT "$g"
	exec 9>&-
	until_ok 20 stays
	ended() { [ "$(echo '{"protocol":1,"op":"status"}' | "$injector" | jq -r '.leases[0].state')" = ended ]; }
	until_ok 10 ended
	run "$ordeal" rescue
	echo "$output"
	[[ $output == *"removed"*": it had been reverted"*"kept: Deployment $NS/web: /spec/replicas is 4, by argocd"* ]]
	no_records
	no_more
}

@test "kept by a holder whom nobody hears any more: the same" {
	deployment web 2
	request_of() { request k8s.patch "$two_fields" deployment/web; }
	lease=t-deaf-$$
	local line
	line=$(HOLD=8 request_of) # longer than kubectl takes on a busy machine
	# Its reader goes, its input stays open: the lease ends with that.
	{ echo "$line" && sleep 12; } | "$injector" 2>"$T/err" 3>&- 4>&- |
		{ grep -m1 '"event":"injected"' >/dev/null && k patch deployment web --type=merge \
			-p '{"spec":{"replicas":4}}' --field-manager=argocd >/dev/null; } || :
	until_ok 20 stays
	run "$ordeal" rescue
	echo "$output"
	[[ $output == *"kept: Deployment $NS/web: /spec/replicas is 4, by argocd"* ]]
	no_records
}

@test "kept by a rescue from another machine" {
	meddled
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	rm -r "$XDG_STATE_HOME/ordeal"
	swept() {
		"$ordeal" rescue --kube --context kubelab --now | awk -v own="$lease:" '/^[^ ]/ {mine = index($0, own) == 1} mine' >"$T/swept"
		grep "reverted" "$T/swept"
	}
	until_ok 40 swept # once its Lease has run out
	cat "$T/swept"
	grep "kept: /spec/replicas is 4, by argocd" "$T/swept"
	stays
}

@test "a run whose injector and guardian are killed: its timeline has what was kept" {
	deployment web 2
	cat >"$T/e.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: kept}
spec:
  hypothesis: What is kept is told.
  probes:
    - name: there
      kube: {watch: deployment/web, namespace: $NS, that: "available >= 0"}
      every: 100ms
  steadyState: [there.ok_ratio >= 0.5 over 500ms]
  faults:
    - name: fewer
      k8s.patch: {patch: $(jq '.patch' <<<"$two_fields")}
      target: {workload: Deployment/web, namespace: $NS}
      for: 20s
  objectives: [recover(after_rollback) within 10s hold 300ms]
  limits: {targets: 1, duration: 30s, cluster: kubelab}
END
	start "$ordeal" run "$T/e.yaml" -o "$T/runs"
	until_ok 30 is deployment/web .spec.replicas 1
	local leases h g
	leases=$(echo '{"protocol":1,"op":"status"}' | "$injector")
	h=$(jq '.leases[0].holder' <<<"$leases") g=$(jq '.leases[0].guardian' <<<"$leases")
	[ "$h" -gt 1 ]
	[ "$g" -gt 1 ]
	kill -STOP "$h" "$g"
	k patch deployment web --field-manager=argocd --type=merge -p '{"spec":{"replicas":4}}' >/dev/null
	kill -KILL "$g" "$h"
	ended_with 6 "$pid"
	stays
	jq -es --arg text "Deployment $NS/web: /spec/replicas is 4, by argocd" \
		'any(.[]; .e == "fault" and .state == "reverted" and .kept == [$text])' "$T"/runs/*/run.jsonl
}

# broken NAME: a StatefulSet of two whose last pod is stuck with a broken image, the fault in force.
broken() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Node
metadata: {name: $NS-a, labels: {ordeal.test: $NS, only: $NS}, annotations: {kwok.x-k8s.io/node: fake}}
status: {allocatable: {cpu: 8, memory: 8Gi, pods: 100}, capacity: {cpu: 8, memory: 8Gi, pods: 100}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1, namespace: $NS}
spec:
  replicas: 2
  serviceName: $1
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      nodeSelector: {only: $NS}
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "played:1"}, {name: side, image: "side:1"}]
END
	until_ok 60 is "statefulset/$1" .status.readyReplicas 2
	remember "statefulset/$1"
	k cordon "$NS-a" >/dev/null # what comes now is not scheduled: as if its image were not there
	begin workload.image '{"tag":"broken","container":"main"}' "statefulset/$1"
	until_ok 20 runs "$1-1" played:broken
}
runs() { k get pod "$1" -o jsonpath='{.spec.containers[0].image}' | grep -x "$2"; }
out_of_it() {
	until_ok 20 runs "$1-1" played:1
	unchanged "statefulset/$1"
	k uncordon "$NS-a" >/dev/null
	until_ok 30 is "statefulset/$1" .status.readyReplicas 2
	no_traces
}

@test "a stateful set gets out of its broken pod by a rescue from another machine" {
	broken db
	local stuck
	stuck=$(get pod/db-1 .metadata.uid)
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	rm -r "$XDG_STATE_HOME/ordeal"
	swept() {
		"$ordeal" rescue --kube --context kubelab --now >"$T/swept"
		unchanged statefulset/db
	}
	until_ok 40 swept # once its Lease has run out
	cat "$T/swept"
	out_of_it db
	is_not pod/db-1 .metadata.uid "$stuck"
}

@test "a stateful set gets out of its broken pod by its guardian, and by a rescue here" {
	broken db
	kill -KILL "$holder"
	exec 9>&-
	out_of_it db
	k cordon "$NS-a" >/dev/null
	begin workload.image '{"tag":"broken","container":"main"}' statefulset/db
	until_ok 20 runs db-1 played:broken
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	rescue
	[ "$(jq -r '.records[0].action' "$T/rescued")" = reverted ]
	out_of_it db
}

@test "who may annotate cannot make who sweeps delete pods" {
	broken db
	end_lease
	out_of_it db
	k cordon "$NS-a" >/dev/null
	k patch statefulset db --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"played:7"}]' >/dev/null
	until_ok 20 runs db-1 played:7
	local uid
	uid=$(get pod/db-1 .metadata.uid)
	k annotate statefulset db ordeal.dev/undo="$(jq -nc '{v: 1, lease: "x", owner: "x:x:x", fault: "workload.image",
		deadline: "2020-01-01T00:00:00Z", claim: "default/ordeal-x",
		fields: [{path: ["spec", "template", "spec", "containers", {name: "main"}, "image"], old: "played:1", new: "played:7"}]}')" >/dev/null
	"$ordeal" rescue --kube --context kubelab || :
	sleep 1
	is pod/db-1 .metadata.uid "$uid"
	is statefulset/db '.spec.template.spec.containers[0].image' played:7
	k annotate statefulset db ordeal.dev/undo- >/dev/null
}
