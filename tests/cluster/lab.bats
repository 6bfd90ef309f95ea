#!/usr/bin/env bats
# The control plane itself: what the other tests of this label lean on.
load cluster
setup() { cluster_setup; }
teardown() { cluster_teardown; }

@test "nodes of three zones are Ready, a deployment becomes available, a killed pod is replaced" {
	[ "$(k get nodes -l type=kwok -o json | jq '[.items[].metadata.labels."topology.kubernetes.io/zone"] | unique | length')" = 3 ]
	deployment web 3
	[ "$(pods app=web | wc -l)" = 3 ]
	first=$(pods app=web | head -n 1)
	k delete pod "$first" --wait=false
	replaced() { [ "$(pods app=web | wc -l)" = 3 ] && ! pods app=web | grep -qx "$first"; }
	until_ok 20 replaced
	service web
	k scale deployment web --replicas=0
	until_ok 20 no_endpoints web
}

@test "what was changed is seen, what was changed back is not" {
	deployment web 1
	played_node one zone-9
	remember deployment/web "node/$NS-one"
	k scale deployment web --replicas=2
	k cordon "$NS-one"
	run unchanged deployment/web
	[ "$status" -ne 0 ]
	run unchanged "node/$NS-one"
	[ "$status" -ne 0 ]
	k scale deployment web --replicas=1
	k uncordon "$NS-one"
	unchanged deployment/web "node/$NS-one"
	no_traces
	k annotate deployment web ordeal.dev/undo=x
	run no_traces
	[ "$status" -ne 0 ]
}

@test "a PodDisruptionBudget refuses an eviction" {
	deployment web 2
	k create poddisruptionbudget web --selector=app=web --min-available=2
	until_ok 20 is pdb/web .status.currentHealthy 2
	pod=$(pods app=web | head -n 1)
	run k create --raw "/api/v1/namespaces/$NS/pods/$pod/eviction" -f - <<<"{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"$pod\",\"namespace\":\"$NS\"}}"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"disruption budget"* ]]
}
