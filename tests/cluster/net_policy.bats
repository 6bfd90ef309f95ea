#!/usr/bin/env bats
# timeout 240 s
# net.policy: what is written is exactly what isolates the targets, and all of it goes.
load cluster
load faults
setup() { cluster_setup; holder=; }
teardown() {
	unforbid
	cluster_teardown
}

policies() { k get networkpolicy -o json | jq -c '[.items[].spec]'; }
none() { [ "$(policies)" = '[]' ]; }
# isolated POD: by a policy of ours, as the API's own rules of selection say
isolated() {
	local selector
	selector=$(k get networkpolicy -o json | jq -r '.items[0].spec.podSelector.matchLabels | to_entries | map("\(.key)=\(.value)") | join(",")')
	k get pods -l "$selector" -o name | grep -qx "pod/$1"
}

@test "single pods: a label each, one policy, both gone after" {
	deployment web 3
	mapfile -t web < <(pods app=web)
	remember "pod/${web[0]}" "pod/${web[1]}" "pod/${web[2]}"
	begin net.policy '{"direction":"both","allow-dns":0}' "pod/${web[0]}" "pod/${web[1]}"
	[ "$(event checked .unfelt)" = true ]
	event checked '.notes[]' | grep "cannot be seen through the API"
	[ "$(policies | jq length)" = 1 ]
	[ "$(policies | jq -c '.[0] | del(.podSelector)')" = '{"policyTypes":["Egress","Ingress"]}' ]
	isolated "${web[0]}"
	isolated "${web[1]}"
	run isolated "${web[2]}"
	[ "$status" -ne 0 ]
	end_lease
	none
	unchanged "pod/${web[0]}" "pod/${web[1]}" "pod/${web[2]}"
	no_traces
}

@test "a workload and a service: by their own selectors, later pods included" {
	deployment web 2
	deployment api 2
	service api
	begin net.policy '{"direction":"egress","allow":["10.0.0.0/8:5432/tcp"]}' deployment/web service/api
	[ "$(policies | jq -c 'map(.podSelector.matchLabels.app) | sort')" = '["api","web"]' ]
	[ "$(policies | jq -c '.[0].egress')" = '[{"ports":[{"port":5432,"protocol":"TCP"}],"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]},{"ports":[{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}]' ]
	[ "$(policies | jq -c '.[0].policyTypes')" = '["Egress"]' ]
	event checked '.notes[]' | grep "Deployment web has 2 pods now"
	end_lease
	none
	no_traces
}

@test "another policy that lets traffic through is told of" {
	deployment web 1
	k create -f - >/dev/null <<END
{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"open"},"spec":{"podSelector":{"matchExpressions":[
 {"key":"app","operator":"In","values":["web","x"]}]},"policyTypes":["Egress"],"egress":[{}]}}
END
	begin net.policy '{"direction":"egress"}' "pod/$(pods app=web)"
	event checked '.notes[]' | grep "NetworkPolicy $NS/open allows traffic"
	end_lease
	begin net.policy '{"direction":"ingress"}' deployment/web
	run grep -q "policies add up" "$T/events"
	[ "$status" -ne 0 ]
	end_lease
	[ "$(k get networkpolicy -o name)" = networkpolicy.networking.k8s.io/open ]
}

@test "who has no pods, or no network of its own, is refused" {
	deployment web 0
	refused "no pod is there" net.policy '{}' deployment/web
	k create -f - >/dev/null <<<'{"apiVersion":"v1","kind":"Service","metadata":{"name":"out"},"spec":{"ports":[{"port":80}]}}'
	refused "no selector" net.policy '{}' service/out
	deployment host 1 "hostNetwork: true"
	refused "no pod is there" net.policy '{}' "pod/$(pods app=host)"
	deployment one 1
	refused "no icmp" net.policy '{"allow":["10.0.0.0/8/icmp"]}' deployment/one
}

@test "whoever is killed, nothing is left" {
	deployment web 1
	pod=$(pods app=web)
	kind_of_survival() { survives net.policy '{}' "pod/$pod" "pod/$pod"; }
	kind_of_survival
	none
}

@test "a policy that somebody deletes, and a pod that goes" {
	deployment web 2
	mapfile -t web < <(pods app=web)
	begin net.policy '{}' "pod/${web[0]}" "pod/${web[1]}"
	k delete pod "${web[0]}" >/dev/null
	sleep 1
	run told reverted # the other is still isolated
	k delete networkpolicy --all >/dev/null
	until_ok 20 told reverted
	exec 9>&-
	ended_with 0 "$holder"
	none
	no_traces
}

@test "what may not be done is refused before, with the verb; what admission forbids, in its words" {
	deployment web 1
	lesser reader get,list,watch,patch core/pods get apps/deployments get,list,create,update,patch,delete coordination.k8s.io/leases \
		get,list networking.k8s.io/networkpolicies
	AS=$T/reader.kubeconfig refused "networkpolicies" net.policy '{}' deployment/web
	[[ $(event failed .message) == *create* ]]
	forbid networkpolicies 'false' "no policies here"
	until_ok 20 refused "no policies here" net.policy '{}' deployment/web
}
