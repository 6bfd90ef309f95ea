#!/usr/bin/env bats
# What users of other tools for chaos in a cluster complain of, each as a test that it is not so here. What is tested
# elsewhere: faults that stay after a kill (killed, faults/matrix.py), pods that come later (pod_delete), budgets (pod_evict,
# node_drain), "injected" without an effect (net_policy, istio_fault), scale (many).
load cluster
load faults
setup() { cluster_setup; }
teardown() { cluster_teardown; }

# versions: of everything that a fault could touch, one a line.
versions() {
	k get deployments,replicasets,pods,services,networkpolicies,configmaps -o json |
		jq -r '.items[] | "\(.kind)/\(.metadata.name) \(.metadata.resourceVersion)"' | sort
	k get leases -o name
}

@test "objects are not held hostage: no finalizer, and a namespace can go while a fault is held" {
	deployment web 2
	begin net.policy '{}' deployment/web
	k get networkpolicies,leases -o json | jq -e '(.items | length) == 2 and all(.items[].metadata; has("finalizers") | not)'
	k delete namespace "$NS" --wait=true --timeout=60s
	# Its targets are gone: the hold has ended, or ends now.
	exec 9>&-
	wait "$holder" || :
	cat "$T/events"
	[ "$(event reverted .residue)" = 0 ]
}

@test "nothing listens: neither holder nor guardian has a port" {
	deployment web 1
	begin workload.scale '{"to":0}' deployment/web
	for p in "$holder" "$(guardian)"; do
		find "/proc/$p/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' >"$T/inodes"
		# Of TCP those in state 0A, LISTEN; of UDP any.
		awk '$4 == "0A" { print $10 }' "/proc/$p/net/tcp" "/proc/$p/net/tcp6" >"$T/open"
		awk 'FNR > 1 { print $10 }' "/proc/$p/net/udp" "/proc/$p/net/udp6" >>"$T/open"
		[ -s "$T/inodes" ]
		[ -z "$(grep -Fxf "$T/inodes" "$T/open")" ]
	done
	end_lease
}

@test "whoever looks changes nothing: plan, targets, rbac, init, run --dry-run, rescue --dry-run" {
	deployment web 2
	cat >"$T/a.yaml" <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: looked-at}
spec:
  probes: [{name: web, kube: {watch: deployment/web, namespace: $NS, that: available >= 1}}]
  faults: [{name: kill, pod.delete: {}, target: {pod: "web-*", namespace: $NS, count: 1}, for: 1s}]
  limits: {targets: 1, duration: 1s, cluster: kubelab}
END
	versions >"$T/was"
	for c in "plan $T/a.yaml" "targets $T/a.yaml" "rbac $T/a.yaml" "run --dry-run $T/a.yaml" \
		"init --workload deployment/web --namespace $NS --context kubelab" "rescue --kube --context kubelab --dry-run"; do
		# shellcheck disable=SC2086
		"$ordeal" $c >"$T/said" 2>&1 || { cat "$T/said" && false; }
	done
	versions | diff -u "$T/was" -
}

@test "one fault's end leaves the others of the namespace in force" {
	deployment a 1
	deployment b 1
	start "$ordeal" inject workload.scale --workload deployment/b -n "$NS" --context kubelab --to 0 --for 60s
	until_ok 20 has_event injected
	other=$pid
	begin workload.scale '{"to":0}' deployment/a
	end_lease
	is deployment/a .spec.replicas 1
	is deployment/b .spec.replicas 0
	[ "$(k get leases -o json | jq '.items | length')" = 1 ]
	"$ordeal" rescue
	"$ordeal" rescue --kube --context kubelab
	is deployment/b .spec.replicas 0
	kill -INT "$other"
	ended_with 0 "$other"
	is deployment/b .spec.replicas 1
	no_traces
}

# told WORDS COMMAND...: it ends with 2 and says that.
told_wrong() {
	local words=$1
	shift
	run "$ordeal" "$@" --context kubelab --for 1s
	echo "$output"
	[ "$status" = 2 ]
	[[ $output == *"$words"* ]]
}

@test "who mistypes is told what is there" {
	deployment web 1
	told_wrong "there is no namespace 'no-such'" inject pod.delete --pod '*' -n no-such --all
	told_wrong "label app is web, not wob" inject pod.delete --pod '*' -n "$NS" -l app=wob --all
	told_wrong "there is no Deployment 'wob' in namespace $NS" inject workload.scale --workload deployment/wob -n "$NS" --to 0
	told_wrong "there is no Service 'web' in namespace $NS" inject service.detach --service web -n "$NS"
	told_wrong "field label not supported" inject pod.delete --pod '*' -n "$NS" --field-selector spec.no=1 --all
	is deployment/web .spec.replicas 1
}

@test "a server that is not there, or does not know who asks, is told at once" {
	sed 's#server: .*#server: https://127.0.0.1:1#' "$KUBECONFIG" >"$T/dead"
	sed 's/client-certificate-data: .*/token: wrong/; /client-key-data/d' "$KUBECONFIG" >"$T/stranger"
	for c in "rescue --kube" "inject pod.delete --pod a -n $NS --for 1s"; do
		# shellcheck disable=SC2086
		KUBECONFIG=$T/dead run timeout 40 "$ordeal" $c --context kubelab
		echo "$output"
		[ "$status" = 6 ]
		[[ $output == *"https://127.0.0.1:1: "*connect* ]]
		# shellcheck disable=SC2086
		KUBECONFIG=$T/stranger run timeout 40 "$ordeal" $c --context kubelab
		echo "$output"
		[ "$status" = 6 ]
		[[ $output == *"the credentials of context 'kubelab' are not accepted"* ]]
	done
}
