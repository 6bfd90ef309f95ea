#!/usr/bin/env bats
# timeout 300 s
# What every fault through the API stands on: the undo of an edit, the annotation, the Lease objects, an API server that is
# away, and how much memory it takes. By k8s.patch, node.taint and noop; the matrix (faults/) ends each fault in every way.
load cluster
load faults
setup() { cluster_setup; holder=; }
# A halt is of the whole machine: one that stays would refuse everybody's faults.
teardown() {
	[ -z "${halting:-}" ] || "$ordeal" resume
	cluster_teardown
}

patch() { jq -nc --arg p "$1" '{patch: $p}'; } # newlines included, as a YAML block has them
scale_to() { patch "[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":$1}]"; }
annotation() { get "$1" .metadata.annotations.ordeal\\.dev/undo; }
rss() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }

@test "any operation of a JSON patch, and back, byte for byte" {
	deployment web 2
	remember deployment/web
	begin k8s.patch "$(patch '[
		{"op":"test","path":"/spec/replicas","value":2},
		{"op":"add","path":"/spec/template/spec/containers/0/env","value":[{"name":"A","value":"1"}]},
		{"op":"copy","from":"/spec/template/spec/containers/0/ports","path":"/spec/template/spec/containers/0/ports/-"},
		{"op":"remove","path":"/spec/template/spec/containers/0/ports/1"},
		{"op":"move","from":"/metadata/labels/app","path":"/metadata/labels/was"},
		{"op":"replace","path":"/spec/template/spec/terminationGracePeriodSeconds","value":2}]')" deployment/web
	[ "$(get deployment/web '.spec.template.spec.containers[0].env[0].name')" = A ]
	[ "$(get deployment/web .metadata.labels.was)" = web ]
	[ "$(annotation deployment/web | jq -r .fault)" = k8s.patch ]
	end_lease
	unchanged deployment/web
	no_traces
}

@test "what others changed meanwhile stays, in the same list and map too, and is told" {
	deployment web 2
	begin k8s.patch "$(patch '[{"op":"add","path":"/metadata/labels/ours","value":"1"},
		{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"played:2"}]')" deployment/web
	k patch deployment web --type=json -p '[
		{"op":"add","path":"/spec/template/spec/containers/0","value":{"name":"side","image":"side:1"}},
		{"op":"add","path":"/metadata/labels/theirs","value":"1"}]' >/dev/null
	end_lease
	is deployment/web '.spec.template.spec.containers[0].name' side
	is deployment/web '.spec.template.spec.containers[1].image' played:1
	is deployment/web .metadata.labels.theirs 1
	is deployment/web .metadata.labels.ours ""
	no_traces
}

@test "a field that another manager takes back ends the hold, and names it; the verdict is theirs" {
	deployment web 2
	begin k8s.patch "$(scale_to 1)" deployment/web
	k patch deployment web --field-manager=argocd --type=merge -p '{"spec":{"replicas":4}}' >/dev/null
	ended_with 0 "$holder"
	[ "$(event reverting .cause)" = taken-back ]
	[ "$(event reverting .by)" = argocd ]
	[ "$(event reverted .by)" = argocd ]
	grep '"what":"kept"' "$T/events" | grep "/spec/replicas is 4, by argocd"
	is deployment/web .spec.replicas 4
	no_traces
}

@test "what cannot be is refused before anything is changed" {
	deployment web 1
	k create secret generic s --from-literal=a=b >/dev/null
	refused "would stand in records" k8s.patch "$(patch '[{"op":"add","path":"/data/x","value":"eA=="}]')" secret/s
	refused "not JSON" k8s.patch "$(patch '[{')" deployment/web
	refused "fails" k8s.patch "$(patch '[{"op":"test","path":"/spec/replicas","value":9}]')" deployment/web
	refused "it is so already" k8s.patch "$(scale_to 1)" deployment/web || event failed .message | grep "changes nothing"
	refused "cannot be patched" k8s.patch "$(patch '[{"op":"add","path":"/status/x","value":1}]')" deployment/web
	refused "ordeal's own" k8s.patch \
		"$(patch '[{"op":"add","path":"/metadata/annotations/ordeal.dev~1undo","value":"x"}]')" deployment/web
	refused "does not keep /spec/nonsense" k8s.patch \
		"$(patch '[{"op":"add","path":"/spec/nonsense","value":1}]')" deployment/web
	refused "dry run" k8s.patch "$(scale_to -1)" deployment/web
}

@test "undo: false leaves the change, and no trace" {
	deployment web 1
	begin k8s.patch "$(scale_to 2 | jq -c '. + {undo: 0}')" deployment/web
	[ -z "$(annotation deployment/web)" ]
	end_lease
	is deployment/web .spec.replicas 2
	no_traces
}

@test "another server behind the context is refused" {
	deployment web 1
	lease=t-other
	request k8s.patch "$(scale_to 0)" deployment/web |
		jq -c '.target.cluster.server = "https://192.0.2.1:6443"' | "$injector" >"$T/events" || :
	[ "$(event failed .code)" = guard ]
	[[ $(event failed .message) == *"192.0.2.1"* ]]
	is deployment/web .spec.replicas 1
}

@test "what this user may not do is listed, all of it, before anything is changed" {
	deployment web 1
	lesser looker get apps/deployments
	if AS=$T/looker.kubeconfig begin k8s.patch "$(scale_to 0)" deployment/web; then false; fi
	[ "$(event failed .phase)" = check ]
	[[ $(event failed .message) == *"patch deployments.apps"*"create leases.coordination.k8s.io"* ]]
	is deployment/web .spec.replicas 1
}

@test "with just its rights it works; taken away in the middle, the record stays, and rescue reverts when they are back" {
	deployment web 2
	remember deployment/web
	lesser just get,patch,list,watch apps/deployments get,create,patch,delete coordination.k8s.io/leases
	AS=$T/just.kubeconfig begin k8s.patch "$(scale_to 1)" deployment/web
	end_lease
	unchanged deployment/web
	AS=$T/just.kubeconfig begin k8s.patch "$(scale_to 1)" deployment/web
	k delete rolebinding just >/dev/null
	echo '{"protocol":1,"op":"end"}' >&9
	exec 9>&-
	until_ok 20 told waiting
	ended_with 1 "$holder"
	[[ $(event failed .message) == *orbidden* ]]
	# Its guardian goes on asking; the right comes back, and it has its way.
	k create rolebinding just --role=just --serviceaccount="$NS:just" >/dev/null
	until_ok 40 unchanged deployment/web
	until_ok 10 no_traces
}

@test "two runs do not meet: the second learns who holds the target, and for how long" {
	deployment web 2
	begin k8s.patch "$(scale_to 1)" deployment/web
	local first=$holder
	exec 8>&9
	if XDG_STATE_HOME=$T/other begin workload.scale '{"to":0}' deployment/web; then false; fi
	[ "$(event failed .code)" = guard ]
	[[ $(event failed .message) == *"another run holds this target"*"$(hostname):t-"*" s unless it renews" ]]
	is deployment/web .spec.replicas 1
	exec 9>&- 8>&-
	wait "$first"
	is deployment/web .spec.replicas 2
	[ -z "$(k get lease -l app.kubernetes.io/managed-by=ordeal -o name)" ]
}

@test "two faults of one run do not stand in each other's way, but not on one object" {
	deployment web 2
	deployment other 1
	LEASE=r0123abcd-1-0 begin k8s.patch "$(scale_to 1)" deployment/web
	local first=$holder
	exec 8>&9
	if LEASE=r0123abcd-1-1 begin workload.scale '{"to":0}' deployment/web; then false; fi
	[[ $(event failed .message) == *"carries a fault already: k8s.patch"* ]]
	exec 9>&- 8>&-
	wait "$first"
	is deployment/web .spec.replicas 2
	# A restart changes the template alone, and leaves nothing to take back.
	LEASE=r0123abcd-1-0 begin k8s.patch "$(scale_to 1)" deployment/web
	first=$holder
	exec 8>&9
	LEASE=r0123abcd-1-1 begin workload.restart '{}' deployment/web
	exec 9>&- 8>&-
	wait "$first"
	is deployment/web .spec.replicas 2
	no_traces
}

@test "many targets take one Lease, which and a single one's exclude each other" {
	local all=() i
	for i in $(seq 40); do
		echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c-$i\"},\"data\":{\"a\":\"1\"}}"
		all+=("configmap/c-$i")
	done | k apply -f - >/dev/null
	for i in $(seq 40); do all+=("configmap/c-$i"); done
	local p
	p=$(patch '[{"op":"replace","path":"/data/a","value":"2"}]')
	begin k8s.patch "$p" "${all[@]}"
	[ "$(k get lease -l app.kubernetes.io/managed-by=ordeal -o name | wc -l)" = 1 ]
	is configmap/c-40 .data.a 2
	if XDG_STATE_HOME=$T/other begin k8s.patch "$(patch '[{"op":"add","path":"/data/b","value":"2"}]')" configmap/c-7; then
		false
	fi
	[[ $(event failed .message) == *"another run holds this target"* ]]
	exec 9>&-
	none_changed() { [ -z "$(k get configmap -o json | jq -r '.items[] | select(.data.a == "2") | .metadata.name')" ]; }
	until_ok 20 none_changed
}

@test "a halt ends it within a second; status shows it; new ones are refused until resume" {
	deployment web 2
	remember deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	local began start halted
	began=$(date +%s%N)
	"$ordeal" status | grep "$lease"
	start=$((($(date +%s%N) - began) / 1000000)) # of the same programs, which only look
	began=$(date +%s%N)
	halting=1
	run "$ordeal" halt
	halted=$((($(date +%s%N) - began) / 1000000))
	echo "$output, $halted ms, status: $start ms"
	[[ $output == *"1 lease ended"* ]]
	[ "$halted" -lt $((1000 + start)) ]
	# The lease itself, by its own clock.
	[ "$(jq -s '[.[] | select(.event == "reverting" or .event == "reverted") | .at_ns] | .[1] - .[0] < 1000000000' "$T/events")" = true ]
	unchanged deployment/web
	[ "$(event reverting .cause)" = halted ]
	refused "halted" k8s.patch "$(scale_to 1)" deployment/web
	"$ordeal" resume
	begin k8s.patch "$(scale_to 1)" deployment/web
	end_lease
}

@test "the API server is away when the time is over: reverted when it is back, and how long it stood is told" {
	OWN_CLUSTER=1 own_cluster_again
	deployment web 2
	remember deployment/web
	HOLD=1 begin k8s.patch "$(scale_to 1)" deployment/web
	part kube-apiserver kill
	until_ok 10 told waiting
	sleep 12 # longer than a guardian's patience with a holder that does not say that it waits
	[ "$(grep -c '"event":"waiting"' "$T/events")" -ge 2 ]
	part kube-apiserver start
	until_ok 60 told reverted
	clean_end
	[ "$(event reverted .cause)" = deadline ]
	[ "$(event reverted '.figures.overdue_ns > 12000000000')" = true ]
	unchanged deployment/web
	no_traces
}

@test "the API server is away and the holder is killed: the guardian waits for it, rescue leaves it alone" {
	OWN_CLUSTER=1 own_cluster_again
	deployment web 2
	remember deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	part kube-apiserver kill
	kill -KILL "$holder"
	exec 9>&-
	sleep 3
	rescue
	[ "$(jq -r '.records[0].action' "$T/rescued")" = held ]
	part kube-apiserver start
	until_ok 30 unchanged deployment/web
	until_ok 10 no_traces
	until_ok 5 no_records
}

@test "a record of another start of the machine is no less due" {
	deployment web 2
	remember deployment/web
	begin k8s.patch "$(scale_to 1)" deployment/web
	kill -KILL "$(guardian)" "$holder"
	exec 9>&-
	local record
	record=$(echo "$XDG_STATE_HOME"/ordeal/undo/*.json)
	sed -i 's/"boot":"[0-9a-f]*/"boot":"00000000/' "$record"
	rescue
	[ "$(jq -r '.records[0].action' "$T/rescued")" = reverted ]
	unchanged deployment/web
	no_records
}

@test "who may annotate cannot make who sweeps change what they may not" {
	deployment web 2
	k annotate deployment web ordeal.dev/undo="$(jq -nc '{v: 1, lease: "x", owner: "x:x:x", fault: "k8s.patch",
		deadline: "2020-01-01T00:00:00Z", claim: "default/ordeal-x",
		fields: [{path: ["spec", "replicas"], old: 0, new: 2}]}')" >/dev/null
	run "$ordeal" rescue --kube --context kubelab --json
	echo "$output"
	[[ $output == *"/spec/replicas: not written by ordeal"* ]]
	is deployment/web .spec.replicas 2

	# A Lease of one's own, in a namespace where one may make them, is no proof either.
	k create namespace "$NS-stranger" >/dev/null
	k -n "$NS-stranger" apply -f - >/dev/null <<-END
		{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: ordeal-forged}, spec: {holderIdentity: stranger}}
	END
	k annotate deployment web --overwrite ordeal.dev/undo="$(jq -nc --arg ns "$NS" '{v: 1, lease: "x", owner: "x:x:x",
		fault: "k8s.patch", deadline: "2020-01-01T00:00:00Z", claim: ($ns + "-stranger/ordeal-forged"), claimant: "stranger",
		fields: [{path: ["spec", "replicas"], old: 0, new: 2}]}')" >/dev/null
	run "$ordeal" rescue --kube --context kubelab --json
	k delete namespace "$NS-stranger" --wait=false >/dev/null
	echo "$output"
	[[ $output == *"/spec/replicas: not written by ordeal"* ]]
	is deployment/web .spec.replicas 2

	k annotate deployment web ordeal.dev/undo=nonsense --overwrite >/dev/null
	run "$ordeal" rescue --kube --context kubelab
	echo "$output"
	[[ $output == *"cannot be read"* ]]
	k annotate deployment web ordeal.dev/undo- >/dev/null
}

@test "holder and guardian together take at most 24 MB" {
	deployment web 1
	begin k8s.patch "$(scale_to 2)" deployment/web
	sleep 1
	local g both
	g=$(guardian)
	both=$(($(rss "$holder") + $(rss "$g")))
	echo "# holder $(rss "$holder") KiB, guardian $(rss "$g") KiB" >&3
	[ "$both" -le 24576 ]
	end_lease
}

no_records() { [ -z "$(ls "$XDG_STATE_HOME/ordeal/undo")" ]; }
# A control plane of this test alone, after setup has made the shared one's namespace.
own_cluster_again() {
	k delete namespace "$NS" --wait=false >/dev/null
	own_cluster
	k create namespace "$NS" >/dev/null
	until_ok 20 k get serviceaccount default
}
