#!/usr/bin/env bats
# timeout 200 s
# Whose the fields are after a fault was taken back (docs/adr/0015): as before. Who applies by `kubectl apply --server-side`
# meets no conflict with `ordeal`, neither with the same manifest nor with the next.
load cluster
load faults
setup() { cluster_setup; holder=; }
teardown() {
	unforbid
	cluster_teardown
}

scale_to() { jq -nc --argjson n "$1" '{patch: ([{op: "replace", path: "/spec/replicas", value: $n}] | tostring)}'; }

# release IMAGE REPLICAS [LINE-OF-SPEC]: a manifest, as a pipeline applies it; replicas "": none.
release() {
	k apply --server-side --field-manager=pipeline -f - <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  ${2:+replicas: $2}
  ${3:-}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {type: kwok}
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "$1"}]
END
}
available() { until_ok 60 is deployment/web .status.availableReplicas "$1"; }

# managers OBJECT: who owns what, but for the status, one a line; the times left out.
managers() {
	k get "$1" -o json --show-managed-fields | jq -cS '.metadata.managedFields[] | select(.subresource != "status")
		| [.manager, .operation, (.fieldsV1 | [paths(. == {}) | join("/")] | sort)]
		| select(.[0] != "kube-controller-manager")' | sort
}
owned_as_before() { diff -u "$T/managers" <(managers "$1"); }
remember_owners() { managers "$1" >"$T/managers"; }

@test "replicas, by server-side apply: theirs before, theirs after; the same manifest and the next one apply" {
	release played:1 3 >/dev/null
	available 3
	remember_owners deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	managers deployment/web | grep '^\["ordeal","Update",.*"f:spec/f:replicas"'
	run release played:1 3
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'conflict with "ordeal"'* ]] # while it is in force it is ordeal's, and says so
	end_lease
	owned_as_before deployment/web
	release played:1 3
	owned_as_before deployment/web
	release played:1 4
	is deployment/web .spec.replicas 4
	# What is taken out of the manifest is taken out of the object.
	release played:1 ""
	is deployment/web .spec.replicas 1
}

@test "an image, replicas, a label, a service's selector: each goes back to its owner" {
	release played:1 3 >/dev/null
	available 3
	remember_owners deployment/web
	begin workload.image '{"tag":"broken"}' deployment/web
	end_lease
	owned_as_before deployment/web
	release played:2 3
	begin workload.scale '{"to":0}' deployment/web
	end_lease
	release played:3 2
	begin k8s.patch "$(jq -nc '{patch: ([{op: "remove", path: "/metadata/labels/app"},
		{op: "add", path: "/metadata/labels/new", value: "x"}] | tostring)}')" deployment/web
	end_lease
	is deployment/web .metadata.labels.app web
	owned_as_before deployment/web

	k apply --server-side --field-manager=pipeline -f - >/dev/null <<END
{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80}]}}
END
	until_ok 20 has_endpoints web
	remember_owners service/web
	begin service.detach '{}' service/web
	end_lease
	owned_as_before service/web
	k apply --server-side --field-manager=pipeline -f - <<END
{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"api"},"ports":[{"port":80}]}}
END
}

@test "nodes: a taint beside another's" {
	played_node a x
	remember_owners "node/$NS-a"
	begin node.cordon '{}' "node/$NS-a"
	end_lease
	owned_as_before "node/$NS-a"
	# Not before: what is cordoned its controller taints, and the list of taints is owned as a whole.
	until_ok 20 is "node/$NS-a" .spec.taints ""
	k taint node "$NS-a" --field-manager=somebody theirs=1:NoSchedule >/dev/null
	remember_owners "node/$NS-a"
	begin node.taint '{"key":"ours","effect":"NoExecute"}' "node/$NS-a"
	end_lease
	owned_as_before "node/$NS-a"
}

@test "an owner who wrote meanwhile, and gave the field up, is not made to own it again" {
	release played:1 3 >/dev/null
	available 3
	begin k8s.patch "$(scale_to 1)" deployment/web
	sleep 1.1 # managedFields count seconds
	release played:2 "" # replicas are an autoscaler's from now on
	end_lease
	is deployment/web .spec.replicas 3
	managers deployment/web
	run managers deployment/web
	[[ $output != *ordeal* ]]
	[[ $output != *f:replicas* ]]
	release played:3 ""
	is deployment/web .spec.replicas 3
}

@test "what another took over stays theirs" {
	release played:1 3 >/dev/null
	available 3
	begin k8s.patch "$(scale_to 1)" deployment/web
	k apply --server-side --field-manager=other --force-conflicts -f - >/dev/null <<END
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":5}}
END
	until_ok 20 told reverted
	exec 9>&-
	clean_end
	managers deployment/web | grep '^\["other","Apply",\["f:spec/f:replicas"\]\]'
	run managers deployment/web
	[[ $output != *ordeal* ]]
}

@test "by guardian and rescue too, from this machine and from any other" {
	release played:1 3 >/dev/null
	available 3
	remember deployment/web
	remember_owners deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	kill -KILL "$holder"
	exec 9>&-
	until_ok 20 unchanged deployment/web
	until_ok 10 owned_as_before deployment/web

	begin k8s.patch "$(scale_to 1)" deployment/web
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	rescue
	owned_as_before deployment/web

	begin k8s.patch "$(scale_to 1)" deployment/web
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	swept() {
		"$ordeal" rescue --kube --context kubelab --now >>"$T/swept" 2>&1
		unchanged deployment/web
	}
	until_ok 40 swept # once its Lease has run out
	cat "$T/swept"
	owned_as_before deployment/web
	no_traces
	release played:1 2
}

@test "where nobody may write managedFields the fault goes nevertheless, and the owner forces it once" {
	release played:1 3 >/dev/null
	available 3
	remember deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	# The second patch of the revert is the one in which the replicas stay and ordeal goes.
	forbid deployments 'object.spec.replicas != oldObject.spec.replicas || object.metadata.managedFields.exists(m, m.manager == "ordeal") || !oldObject.metadata.managedFields.exists(m, m.manager == "ordeal")' \
		"ordeal is to stay"
	refuses() { ! k patch deployment web --type=json -p '[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]' --dry-run=server; }
	until_ok 20 refuses
	end_lease
	unchanged deployment/web
	no_traces
	managers deployment/web | grep '^\["ordeal",.*f:replicas'
	unforbid
	applies() { release played:1 4; }
	run applies
	[[ $output == *'conflict with "ordeal"'* ]]
	k apply --server-side --field-manager=pipeline --force-conflicts -f - <<END
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":4,"selector":{"matchLabels":{"app":"web"}},
 "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"played:1"}]}}}}
END
	run managers deployment/web
	[[ $output != *ordeal* ]]
}
