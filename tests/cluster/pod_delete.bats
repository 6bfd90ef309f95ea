#!/usr/bin/env bats
# timeout 600 s
# pod.delete, as its lease does it and as kubectl sees it.
load cluster
load lease
setup() { cluster_setup; }
teardown() {
	[ -z "${held:-}" ] || loose
	cluster_teardown
}

# selection JSON: the pods of the test's namespace and these further words of a filter.
selection() {
	jq -cn --arg ns "$NS" --argjson more "${1:-null}" --argjson follow "${2:-false}" \
		'{match: ({namespaces: [$ns]} + ($more // {}))} + (if $follow then {follow: true} else {} end)'
}

# bare NAME...: pods that nobody makes again, with label app=bare.
bare() {
	local name
	for name; do
		cat <<END
---
apiVersion: v1
kind: Pod
metadata: {name: $name, labels: {app: bare}${FINALIZERS:+, finalizers: [$FINALIZERS]}}
spec: {nodeSelector: {type: kwok}, terminationGracePeriodSeconds: 5, containers: [{name: main, image: "played:1"}]}
END
	done | k apply -f - >/dev/null
	until_ok 30 these_ready "$@"
}
these_ready() {
	local name
	for name; do is "pod/$name" '.status.conditions[?(@.type=="Ready")].status' True || return 1; done
}
all_ready() { [ "$(ready "$1")" = "$2" ]; }
ready() {
	k get pods -l "$1" -o json | jq '[.items[] | select(.metadata.deletionTimestamp == null)
		| select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length'
}
none_left() { [ -z "$(pods "$1")" ]; }
loose() { # takes the finalizers away
	local p
	for p in $(k get pods -o name); do k patch "$p" --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null; done
}

@test "the chosen pods are gone, the others are not, and each is told" {
	deployment web 4
	victims=$(objects pods app=web | jq -c '.[:2]')
	others=$(objects pods app=web | jq -r '.[2:][][3]')
	HOLD=2 lease pod.delete '{}' "$victims"
	until_ok 10 event injected
	for name in $(jq -r '.[][3]' <<<"$victims"); do
		run k get pod "$name"
		[[ $status -ne 0 || $(get "pod/$name" .metadata.deletionTimestamp) ]]
	done
	for name in $others; do [ -z "$(get "pod/$name" .metadata.deletionTimestamp)" ]; done
	[ "$(acted deleted)" = "$(jq -r '.[][3]' <<<"$victims" | sort)" ]
	over
	event reverted cause=deadline residue=-1
	figure_is deleted 2
	figure_is skipped 0
	until_ok 20 all_ready app=web 4
}

@test "the hold lasts until its time is up, whoever is gone" {
	bare one
	HOLD=3 lease pod.delete '{}' "$(objects pods)"
	until_ok 10 event injected
	sleep 1.5
	run event reverting
	[ "$status" -ne 0 ]
	over
	event reverting cause=deadline
	held=$(($(events reverting .at_ns) - $(events injected .at_ns)))
	[ "$held" -ge 2900000000 ]
}

@test "grace: the pod's own, one of our own, force" {
	dead_node
	for name in one two three; do pod_on_dead_node "$name"; done
	HOLD=1 lease pod.delete '{}' "$(objects pods | jq -c 'map(select(.[3] == "one"))')"
	over
	HOLD=1 LEASE=b lease pod.delete '{"grace":2000000000}' "$(objects pods | jq -c 'map(select(.[3] == "two"))')"
	over
	HOLD=1 LEASE=c lease pod.delete '{"force":1}' "$(objects pods | jq -c 'map(select(.[3] == "three"))')"
	over
	is pod/one .metadata.deletionGracePeriodSeconds 5
	is pod/two .metadata.deletionGracePeriodSeconds 2
	run k get pod three
	[[ $output == *NotFound* ]]
}

@test "a grace period of a fraction of a second, and one beside force, are refused" {
	bare one
	lease pod.delete '{"grace":1500000000}' "$(objects pods)"
	until_ok 10 event failed phase=request code=usage
	hang_up
	LEASE=b lease pod.delete '{"grace":2000000000,"force":1}' "$(objects pods)"
	until_ok 10 event failed phase=request code=usage
	is_not pod/one .metadata.deletionGracePeriodSeconds 0
}

@test "a pod of the same name under another UID is not the one that was chosen" {
	bare one two
	chosen=$(objects pods)
	k delete pod one --grace-period=0 --force >/dev/null 2>&1
	until_ok 10 bare one
	HOLD=1 lease pod.delete '{}' "$chosen"
	over
	figure_is deleted 1
	figure_is gone_already 1
	[ "$(acted gone)" = one ]
	[ -z "$(get pod/one .metadata.deletionTimestamp)" ]
}

@test "where nothing was there any more nothing is said to be injected" {
	bare one two
	chosen=$(objects pods)
	k delete pod --all --grace-period=0 --force >/dev/null 2>&1
	lease pod.delete '{}' "$chosen"
	until_ok 10 event failed phase=inject
	run event injected
	[ "$status" -ne 0 ]
	hang_up
	[ "$(acted gone | wc -l)" = 2 ]
}

@test "leave-ready: as many stay ready, the others are told as skipped" {
	bare a b c d
	HOLD=2 lease pod.delete '{"leave-ready":3}' "$(objects pods)" 10 "$(selection)"
	until_ok 10 event injected
	over
	figure_is deleted 1
	figure_is skipped 3
	[ "$(pods app=bare | wc -l)" = 3 ]
	[[ $(events acted 'select(.what == "skipped") | .detail' | head -n 1) == *"3 are to be left"* ]]
}

@test "leave-ready counts those that are being deleted already as lost" {
	FINALIZERS=ordeal.test/hold bare a b c d
	held=yes
	k delete pod a --wait=false >/dev/null
	HOLD=2 lease pod.delete '{"leave-ready":2}' "$(objects pods)" 10 "$(selection)"
	until_ok 10 event injected
	over
	figure_is deleted 1
	figure_is skipped 2
	loose
}

@test "leave-ready: pods that are not ready are no loss" {
	bare a b
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: never, labels: {app: never}}
spec: {nodeSelector: {no: where}, containers: [{name: main, image: "played:1"}]}
END
	HOLD=1 lease pod.delete '{"leave-ready":2}' "$(objects pods)" 10 "$(selection)"
	until_ok 10 event injected
	over
	[ "$(acted deleted)" = never ]
	figure_is skipped 2
}

@test "leave-ready: where every pod is to be left the fault is not in force, and says why" {
	bare a b
	lease pod.delete '{"leave-ready":2}' "$(objects pods)" 10 "$(selection)"
	until_ok 10 event failed phase=inject code=guard
	[[ $(events failed .message) == *leave-ready* ]]
	hang_up
	[ "$(pods app=bare | wc -l)" = 2 ]
}

@test "every: rounds on an absolute schedule, targets chosen anew, until the limit" {
	deployment web 4
	HOLD=6 lease pod.delete '{"every":1000000000}' "$(objects pods app=web | jq -c '.[:1]')" 4 "$(selection '{"selector":"app=web"}')"
	until_ok 10 event injected
	over
	figure_is deleted 4
	figure_is limit_reached 1
	[ "$(acted deleted | sort -u | wc -l)" = 4 ]
	# The first answer of each round against the first round's, in ms.
	mapfile -t at < <(events acted 'select(.what == "deleted") | .at_ns')
	for i in 1 2 3; do
		late=$(((at[i] - at[0]) / 1000000 - i * 1000))
		echo "round $i is late by $late ms"
		[ "$late" -gt -200 ]
		[ "$late" -lt 900 ]
	done
}

@test "every and leave-ready: a rolling delete never takes the last but one" {
	deployment web 3
	low=$T/low
	(while :; do ready app=web; done) >"$low" 2>/dev/null 3>&- 4>&- &
	watcher=$!
	started+=("$watcher")
	HOLD=5 lease pod.delete '{"every":500000000,"leave-ready":2}' "$(objects pods app=web | jq -c '.[:2]')" 20 "$(selection '{"selector":"app=web"}')"
	until_ok 10 event injected
	over 20
	kill "$watcher"
	[ "$(figure deleted)" -ge 3 ]
	[ "$(figure skipped)" -ge 1 ]
	echo "fewest ready: $(sort -n "$low" | head -n 1) of $(wc -l <"$low") looks"
	[ "$(sort -n "$low" | head -n 1)" -ge 2 ]
}

@test "the same seed draws the same pods, another draws others" {
	drawn() { # SEED LEASE: who was hit in the second round; what was hit before is made again
		bare a b c d e f g h
		# The limit ends it after two; the hold leaves a busy machine time for the second.
		HOLD=4 SEED=$1 LEASE=$2 lease pod.delete '{"every":1000000000,"grace":0}' "$(objects pods | jq -c '.[:1]')" 2 "$(selection)"
		over
		events acted 'select(.what == "deleted") | .object[3]' | sed -n 2p
	}
	first=$(drawn 1 a)
	again=$(drawn 1 b)
	[ -n "$first" ]
	[ "$first" = "$again" ]
	for seed in 2 3 4 5 6; do drawn "$seed" "c$seed"; done >"$T/drawn"
	[ "$(sort -u "$T/drawn" | wc -l)" -gt 1 ]
}

@test "spread: a round's pods are of different nodes" {
	for i in 1 2 3 4 5 6; do
		played_node "n$i" "zone-$((i % 2))"
		for p in a b c; do pod_on "n$i" "$p$i"; done
	done
	until_ok 20 all_ready app=bare 18
	HOLD=2 lease pod.delete '{"every":1000000000,"grace":0}' "$(objects pods | jq -c '[.[] | select(.[3] | endswith("1"))]')" 6 \
		"$(selection | jq -c '.spread = "node"')"
	over
	# The first round took the three of one node, the second one each of three others.
	figure_is deleted 6
	[ "$(events acted 'select(.what == "deleted") | .object[3][1:]' | tail -n 3 | sort -u | wc -l)" = 3 ]
}
pod_on() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $2, labels: {app: bare}}
spec: {nodeName: $NS-$1, containers: [{name: main, image: "played:1"}]}
END
}

@test "older: who is too young is hit in no round, and followed when of age" {
	bare a
	HOLD=10 lease pod.delete '{}' "$(objects pods)" 5 "$(selection '{"older_ns":4000000000}' true)"
	until_ok 10 event injected
	bare b
	sleep 0.5
	[ "$(acted deleted)" = a ]
	gone() { ! k get pod b; }
	until_ok 8 gone
	tell end
	over
	figure_is followed 1
}

@test "follow: a pod that comes to match is hit within a second, until the limit" {
	deployment web 2
	HOLD=8 lease pod.delete '{}' "$(objects pods app=web | jq -c '.[:1]')" 3 "$(selection '{"selector":"app=web"}' true)"
	until_ok 10 event injected
	over 20
	figure_is deleted 3
	figure_is followed 2
	figure_is limit_reached 1
	until_ok 20 all_ready app=web 2
}

@test "follow: by label, and nobody who was there before" {
	bare a b c
	k label pod a hunted=yes >/dev/null
	k label pod b hunted=yes >/dev/null
	HOLD=6 lease pod.delete '{}' "$(objects pods hunted=yes | jq -c 'map(select(.[3] == "a"))')" 10 "$(selection '{"selector":"hunted=yes"}' true)"
	until_ok 10 event injected
	was=$(date +%s%N)
	k label pod c hunted=yes >/dev/null
	gone() { ! k get pod c; }
	until_ok 5 gone
	took=$((($(date +%s%N) - was) / 1000000))
	echo "took $took ms"
	[ "$took" -lt 2000 ]
	tell end
	over
	[ -z "$(get pod/b .metadata.deletionTimestamp)" ]
	figure_is deleted 2
}

@test "who may not delete pods is told so before anything is done" {
	bare one
	k create serviceaccount weak >/dev/null
	k create role look --verb=get,list,watch --resource=pods >/dev/null
	k create rolebinding weak --role=look --serviceaccount="$NS:weak" >/dev/null
	k config view --minify --raw -o json | jq --arg token "$(k create token weak)" '.users[0].user = {token: $token}' >"$T/weak"
	chmod 600 "$T/weak"
	KUBECONFIG=$T/weak lease pod.delete '{}' "$(objects pods)"
	until_ok 10 event failed phase=check code=skip
	[[ $(events failed .message) == *"delete pods in $NS;"* ]]
	hang_up
	k get pod one
}

@test "the end of a person is heard in the middle of many" {
	"$SOURCE_DIR/tests/cluster/scale" "$CLUSTER" 0 0 >/dev/null 2>&1 || :
	deployment web 100
	lease pod.delete '{}' "$(objects pods app=web)"
	until_ok 10 event acted
	tell end
	over
	event reverted cause=removed
}

@test "300 pods at once" {
	deployment web 300
	HOLD=2 lease pod.delete '{}' "$(objects pods app=web)" 300
	until_ok 30 event injected
	ns=$(($(events injected .at_ns) - $(events injected .requested_ns)))
	echo "300 in $((ns / 1000000)) ms"
	over
	figure_is deleted 300
	until_ok 60 is deployment/web .status.availableReplicas 300
}

@test "the API server is away while the fault is held: rounds are missed, the lease is not" {
	OWN_CLUSTER=1
	cluster_teardown
	cluster_setup
	deployment web 3
	HOLD=12 lease pod.delete '{"every":1000000000}' "$(objects pods app=web | jq -c '.[:1]')" 20 "$(selection '{"selector":"app=web"}')"
	until_ok 10 event injected
	part kube-apiserver kill
	sleep 3
	run event failed
	[ "$status" -ne 0 ]
	part kube-apiserver start
	over 40
	event reverted cause=deadline
	[ "$(figure rounds_missed)" -ge 1 ]
	[ "$(figure deleted)" -ge 2 ]
}
