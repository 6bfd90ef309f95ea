#!/usr/bin/env bats
# timeout 240 s
# istio.fault: the routes as the API server takes them, by the true schema of VirtualService (`mesh`, which the fixture runs: a
# definition that changes while others use it ends their watches). No sidecar is here: what is written is looked at, not what
# it does.
load cluster
load faults
setup() {
	cluster_setup
	holder=
}
teardown() { cluster_teardown; }

routes() { k get "virtualservice/$1" -o json | jq -c .spec.http; }
mesh() { # NAME HTTP-ROUTES
	k apply -f - >/dev/null <<<"{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"VirtualService\",\"metadata\":{\"name\":\"$1\"},\"spec\":{\"hosts\":[\"$1\"],\"http\":$2}}"
}
to() { echo "\"route\":[{\"destination\":{\"host\":\"$1\"}}]"; }
none() { [ -z "$(k get virtualservice -o name)" ]; }

@test "the routes that were there stay, ours come first, and go again" {
	mesh web "[{\"name\":\"old\",\"match\":[{\"uri\":{\"prefix\":\"/v1\"}}],$(to one)},{$(to two)}]"
	was=$(routes web)
	remember virtualservice/web
	begin istio.fault '{"delay":200000000,"percent":125000,"header":"x-test=yes"}' virtualservice/web
	[ "$(event checked .unfelt)" = true ]
	[ "$(routes web | jq -c '.[2:]')" = "$was" ]
	[ "$(routes web | jq -c '.[0] | del(.name)')" = '{"fault":{"delay":{"fixedDelay":"200ms","percentage":{"value":12.5}}},"match":[{"headers":{"x-test":{"exact":"yes"}},"uri":{"prefix":"/v1"}}],"route":[{"destination":{"host":"one"}}]}' ]
	[ "$(routes web | jq -c '.[1].match')" = '[{"headers":{"x-test":{"exact":"yes"}}}]' ]
	end_lease
	unchanged virtualservice/web
	no_traces
}

@test "routes that others add, change or move meanwhile stay" {
	mesh web "[{\"name\":\"a\",$(to one)},{\"name\":\"b\",$(to two)}]"
	begin istio.fault '{"abort":503}' virtualservice/web
	k patch virtualservice web --type=json -p "[{\"op\":\"add\",\"path\":\"/spec/http/0\",\"value\":{\"name\":\"new\",$(to three)}},
		{\"op\":\"add\",\"path\":\"/spec/http/4/timeout\",\"value\":\"3s\"}]" >/dev/null
	end_lease
	[ "$(routes web | jq -c 'map(.name)')" = '["new","a","b"]' ]
	[ "$(routes web | jq -r '.[2].timeout')" = 3s ]
	no_traces
}

@test "a service without one gets one, which goes again" {
	k create service clusterip web --tcp=80 >/dev/null
	remember service/web
	begin istio.fault '{"abort":503,"source":"app=front"}' service/web
	[ "$(k get virtualservice -o json | jq -c '.items[0].spec')" = '{"hosts":["web"],"http":[{"fault":{"abort":{"httpStatus":503,"percentage":{"value":100}}},"match":[{"sourceLabels":{"app":"front"}}],"name":"'"$(k get virtualservice -o jsonpath='{.items[0].metadata.name}')"'-0","route":[{"destination":{"host":"web"}}]},{"route":[{"destination":{"host":"web"}}]}]}' ]
	end_lease
	none
	unchanged service/web
}

@test "a service with one: that is changed; with two, one must be named" {
	k create service clusterip web --tcp=80 >/dev/null
	mesh web "[{$(to web)}]"
	remember virtualservice/web
	begin istio.fault '{"delay":1000000}' service/web
	[ "$(routes web | jq -c '.[0].fault.delay.fixedDelay')" = '"1ms"' ]
	end_lease
	unchanged virtualservice/web
	k apply -f - >/dev/null <<<"{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"VirtualService\",\"metadata\":{\"name\":\"more\"},\"spec\":{\"hosts\":[\"web.$NS.svc.cluster.local\"],\"http\":[{$(to web)}]}}"
	refused "several VirtualServices are about it" istio.fault '{"abort":500}' service/web
}

@test "what carries no http is refused" {
	k create service clusterip db --tcp=5432 >/dev/null
	k patch service db --type=json -p '[{"op":"replace","path":"/spec/ports/0/name","value":"tcp-db"}]' >/dev/null
	refused "none of its ports carries http" istio.fault '{"abort":503}' service/db
	k apply -f - >/dev/null <<<'{"apiVersion":"networking.istio.io/v1","kind":"VirtualService","metadata":{"name":"t"},"spec":{"hosts":["t"],"tcp":[{"route":[{"destination":{"host":"t"}}]}]}}'
	refused "tcp or tls routes alone" istio.fault '{"abort":503}' virtualservice/t
	refused "delay, abort" istio.fault '{}' virtualservice/t
}

@test "whoever is killed, it is as it was" {
	mesh web "[{$(to one)}]"
	survives istio.fault '{"delay":200000000}' virtualservice/web virtualservice/web
}

@test "a field manager that takes it back ends it, and is named" {
	mesh web "[{$(to one)}]"
	begin istio.fault '{"abort":503}' virtualservice/web
	k apply --server-side --field-manager=argocd-controller --force-conflicts -f - >/dev/null <<<"{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"VirtualService\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"hosts\":[\"web\"],\"http\":[{$(to one)}]}}"
	until_ok 20 told reverted
	exec 9>&-
	ended_with 0 "$holder"
	[ "$(event reverting .cause)" = taken-back ]
	[[ $(event reverting .by) == *argocd-controller* ]]
	no_traces
}
