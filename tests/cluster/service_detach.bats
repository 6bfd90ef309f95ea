#!/usr/bin/env bats
# timeout 240 s
# service.detach: the slices of endpoints empty, and fill again.
load cluster
load faults
setup() { cluster_setup; holder=; }
teardown() { cluster_teardown; }

ready() {
	k get endpointslice -l "kubernetes.io/service-name=$1" -o json |
		jq '[.items[].endpoints[]? | select(.conditions.ready)] | length'
}
ready_is() { [ "$(ready "$1")" = "$2" ]; }
shop() {
	deployment web 3
	service web
	until_ok 20 ready_is web 3
}

@test "no endpoint is ready while it is held, all are after" {
	shop
	remember service/web
	begin service.detach '{}' service/web
	ready_is web 0
	end_lease
	[ "$(event reverted .figures.endpoints)" = 3 ]
	unchanged service/web
	no_traces
	until_ok 20 ready_is web 3
}

@test "a headless service too, with a note" {
	deployment web 2
	k create service clusterip web --clusterip=None --tcp=80 >/dev/null
	until_ok 20 ready_is web 2
	begin service.detach '{}' service/web
	ready_is web 0
	event checked '.notes[]' | grep headless
	end_lease
	until_ok 20 ready_is web 2
}

@test "what has no selector, no endpoints, or others' endpoints is refused" {
	k create service externalname out --external-name example.com >/dev/null
	refused "ExternalName" service.detach '{}' service/out
	k create -f - >/dev/null <<<'{"apiVersion":"v1","kind":"Service","metadata":{"name":"bare"},"spec":{"ports":[{"port":80}]}}'
	refused "no selector" service.detach '{}' service/bare
	k create service clusterip none --tcp=80 >/dev/null
	refused "no ready endpoint already" service.detach '{}' service/none
	shop
	k create -f - >/dev/null <<'END'
{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"by-hand","labels":{"kubernetes.io/service-name":"web",
 "endpointslice.kubernetes.io/managed-by":"staff"}},"addressType":"IPv4","endpoints":[{"addresses":["192.0.2.250"]}],"ports":[]}
END
	refused "written by staff" service.detach '{}' service/web
}

@test "whoever is killed, it is as it was" {
	shop
	survives service.detach '{}' service/web service/web
	until_ok 20 ready_is web 3
}

@test "a field manager that takes it back ends it, and is named" {
	shop
	begin service.detach '{}' service/web
	k apply --server-side --field-manager=argocd-controller --force-conflicts -f - >/dev/null <<END
{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web","ordeal.dev/detached":"no"}}}
END
	until_ok 20 told reverted
	exec 9>&-
	ended_with 0 "$holder"
	[ "$(event reverting .cause)" = taken-back ]
	[[ $(event reverting .by) == *argocd-controller* ]]
	no_traces
}

@test "what others add meanwhile stays" {
	shop
	begin service.detach '{}' service/web
	k patch service web --type=merge -p '{"spec":{"selector":{"tier":"front"},"sessionAffinity":"ClientIP"}}' >/dev/null
	end_lease
	is service/web .spec.selector '{"app":"web","tier":"front"}'
	is service/web .spec.sessionAffinity ClientIP
	no_traces
}

@test "what may not be done is refused before, with the verb" {
	shop
	lesser reader get core/services get,list,create,update,patch,delete coordination.k8s.io/leases \
		get,list,watch discovery.k8s.io/endpointslices
	AS=$T/reader.kubeconfig refused "patch" service.detach '{}' service/web
	[[ $(event failed .message) == *services* ]]
}
