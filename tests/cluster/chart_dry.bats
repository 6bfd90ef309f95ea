#!/usr/bin/env bats
# What the chart makes, as the API server judges it: nothing of it is kept.
load cluster
setup() {
	helm=$("$SOURCE_DIR/tests/charts/helm-get" --path) || skip "there is no helm: tests/charts/helm-get builds it"
	cluster_setup
	k label namespace "$NS" pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
}
teardown() { cluster_teardown; }

# made VALUES [OPTION...]: its objects, but for those of a kind that is not there.
made() {
	HOME=$T "$helm" template r "$SOURCE_DIR/charts/ordeal" -n "$NS" -f "$SOURCE_DIR/tests/charts/values/$1.yaml" --set "namespaces={$NS}" "${@:2}" |
		python3 -c 'import json, sys, yaml
for o in yaml.safe_load_all(sys.stdin):
    if o and o["kind"] != "ServiceMonitor": print(json.dumps(o))'
}

@test "every object is one, with no field that the API server does not know, and no pod that is not restricted" {
	for values in plain git nodes; do
		made "$values" >"$T/objects"
		[ "$(wc -l <"$T/objects")" -ge 8 ]
		# Some are in namespaces of their own.
		"$CLUSTER/kubectl" apply --dry-run=server --validate=strict -f "$T/objects" >"$T/out" 2>"$T/err" || { cat "$T/err" && return 1; }
		cat "$T/out" "$T/err"
		[ ! -s "$T/err" ] # not even a warning
		[ "$(wc -l <"$T/out")" = "$(wc -l <"$T/objects")" ]
	done
	[ -z "$(k get deployments,roles,services -o name)" ]
}

@test "a pod that were not restricted would be refused" {
	made plain | jq -c 'select(.kind == "Pod") | .spec.containers[0].securityContext.allowPrivilegeEscalation = true' >"$T/objects"
	run k apply --dry-run=server -f "$T/objects"
	[ "$status" -ne 0 ]
	[[ $output == *"violates PodSecurity"* ]]
}
