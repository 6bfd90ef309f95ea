#!/usr/bin/env bats
# rbac: roles for an experiment, without a cluster. That they are enough, and none too many, is tests/cluster/access.
load support
setup() { support_setup; }
teardown() { support_teardown; }

# bats takes no notice of a `!` but at the end.
not_in() { if grep -q "$2" <<<"$1"; then return 1; fi; }

# experiment TARGET-LINES...: one fault with this target.
experiment() {
	cat >"$T/e.yaml" <<-EOF
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: one}
		spec:
		  hypothesis: none
		  probes: [{name: p, http: {url: "http://127.0.0.1:1/"}, every: 100ms}]
		  faults:
		    - name: f
		      $1
		      $2
		      for: 5s
		  limits: {targets: 3, duration: 30s, cluster: c}
	EOF
}

# rules KIND NAMESPACE: "resource[ names]: verbs" a line.
rules() {
	"$ORDEAL" rbac --json "$T/e.yaml" 2>/dev/null | jq -r --arg kind "$1" --arg ns "$2" '
		.items[] | select(.kind == $kind and (.metadata.namespace // "") == $ns) | .rules[] |
		"\(.apiGroups[0])/\(.resources[0])\(if .resourceNames then " " + (.resourceNames | join(",")) else "" end): \(.verbs | join(","))"'
}

@test "a Role in the namespace that is named; a ClusterRole for nodes alone" {
	experiment 'pod.delete: {}' 'target: {pod: {namespace: shop, selector: app=orders}, count: 1}'
	[ "$(rules Role shop | grep '^/pods:')" = "/pods: get,list,watch,delete" ]
	[ "$(rules Role shop | grep leases)" = "coordination.k8s.io/leases: get,create,patch,delete" ]
	[ "$(rules ClusterRole "")" = "/nodes: list,watch" ]
	"$ORDEAL" rbac "$T/e.yaml" 2>/dev/null | grep -q '# what the report shows (optional)$'
}

@test "what stands by its name is allowed by its name" {
	experiment 'workload.scale: {to: 0}' 'target: {workload: deployment/orders, namespace: shop}'
	rules Role shop | grep -qx 'apps/deployments orders: get,patch'
	not_in "$(rules Role shop)" '^apps/deployments:.*patch'
	experiment 'workload.scale: {to: 0}' 'target: {workload: "deployment/ord*", namespace: shop}'
	rules Role shop | grep -q '^apps/deployments:.*patch'
}

@test "a ClusterRole where namespaces cannot be named" {
	experiment 'pod.delete: {}' 'target: {pod: {namespace: "team-*", selector: app=orders}, count: 1}'
	rules ClusterRole "" | grep -qx '/namespaces: list'
	rules ClusterRole "" | grep -qx '/pods: get,list,watch,delete'
	[ -z "$(rules Role team-a)" ]
	experiment 'node.cordon: {}' 'target: {node: {selector: zone=a}, count: 1}'
	rules ClusterRole "" | grep -qx '/nodes: get,list,watch,patch'
	[ "$(rules Role kube-node-lease)" = "coordination.k8s.io/leases: get,create,patch,delete" ]
}

@test "for whom" {
	experiment 'pod.delete: {}' 'target: {pod: {namespace: shop}, count: 1}'
	output=$("$ORDEAL" rbac "$T/e.yaml" --user eve --json 2>/dev/null)
	[ "$(jq -c '.items[1].subjects' <<<"$output")" = '[{"kind":"User","name":"eve","apiGroup":"rbac.authorization.k8s.io"}]' ]
	output=$("$ORDEAL" rbac "$T/e.yaml" --service-account ci/bot --name mine --json 2>/dev/null)
	[ "$(jq -c '[.items[].metadata.name] | unique' <<<"$output")" = '["mine"]' ]
	[ "$(jq -c '.items[1].subjects[0].namespace' <<<"$output")" = '"ci"' ]
	run "$ORDEAL" rbac "$T/e.yaml" --service-account bot
	[ "$status" -eq 2 ]
	run "$ORDEAL" rbac "$T/e.yaml" --user a --group b
	[ "$status" -eq 2 ]
}

@test "several experiments make one set; YAML and JSON say the same" {
	experiment 'pod.delete: {}' 'target: {pod: {namespace: shop}, count: 1}'
	cp "$T/e.yaml" "$T/1.yaml"
	experiment 'service.detach: {}' 'target: {service: orders, namespace: shop}'
	"$ORDEAL" rbac "$T/1.yaml" "$T/e.yaml" --json 2>/dev/null >"$T/json"
	[ "$(jq '[.items[] | select(.kind == "Role")] | length' "$T/json")" -eq 1 ]
	jq -e '.items[0].metadata.name == "ordeal"' "$T/json"
	jq -e '[.items[].rules[]? | has("why")] | any | not' "$T/json"
	"$ORDEAL" rbac "$T/1.yaml" "$T/e.yaml" 2>/dev/null >"$T/yaml"
	[ "$(grep -c '^---' "$T/yaml")" -eq "$(jq '.items | length' "$T/json")" ]
	[ "$(grep -c '^- apiGroups' "$T/yaml")" -eq "$(jq '[.items[].rules[]?] | length' "$T/json")" ]
}

@test "an experiment without a cluster needs nothing; a wrong one is refused" {
	run "$ORDEAL" rbac "$SOURCE_DIR/experiments/slow-store.yaml"
	[ "$status" -eq 0 ]
	[[ "$output" == *"# nothing to allow"* ]]
	echo 'kind: x' >"$T/e.yaml"
	run "$ORDEAL" rbac "$T/e.yaml"
	[ "$status" -eq 2 ]
}
