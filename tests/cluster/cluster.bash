# What the tests of the label `cluster` share. The control plane is there (tests/cluster/fixture): $CLUSTER is its directory,
# $KUBECONFIG its admin's kubeconfig, whose one context is `kubelab`. Each test has a namespace ($NS), a folder ($T) and
# state directories of its own, and takes away what it made beyond them.
# shellcheck shell=bash

ordeal=${ORDEAL:-$BUILD_DIR/cli/ordeal}

cluster_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-cluster.XXXXXX")
	export XDG_STATE_HOME=$T/state XDG_RUNTIME_DIR=$T/run NO_COLOR=1
	mkdir -m 700 "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
	NS=$(basename "$BATS_TEST_FILENAME" .bats | tr _ -)-$BATS_TEST_NUMBER-$$
	started=()
	own= lab=()
	if [ -n "${REAL_NODES:-}${MACHINES:-}" ]; then
		real_cluster "${REAL_NODES:-0}" "${MACHINES:-0}"
	elif [ -n "${OWN_CLUSTER:-}" ]; then
		own_cluster
	fi
	k create namespace "$NS" >/dev/null
	# Until it is there bare pods are refused.
	until_ok 20 k get serviceaccount default
}

cluster_teardown() {
	local pid
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tell_all
	for pid in "${started[@]}"; do
		ours "$pid" || continue
		kill -CONT "$pid" 2>/dev/null || :
		kill -KILL "$pid" 2>/dev/null || :
	done
	if [ -n "$own" ]; then
		"$SOURCE_DIR/tests/cluster/down" "$own"
		[ ${#lab[@]} = 0 ] || ip netns del "$LAB"
	elif [ -n "${NS:-}" ]; then
		k delete node -l "ordeal.test=$NS" --wait=false --ignore-not-found >/dev/null 2>&1
		k delete namespace "$NS" --wait=false --ignore-not-found >/dev/null 2>&1
	fi
	[ -z "${T:-}" ] || rm -rf "$T"
}

# tell_all: what a test that failed leaves to read: what its programs said, what is in its namespace, and how busy the machine is.
tell_all() {
	local f
	echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
	for f in "$T"/{events,out,err,words}; do
		[ -s "$f" ] || continue
		echo "the end of ${f##*/}:"
		tail -n 20 "$f" | cut -c1-600
	done
	[ -z "${NS:-}" ] || k get events --request-timeout=5s --sort-by=.metadata.creationTimestamp 2>&1 | tail -n 10
	[ -z "${NS:-}" ] || k get deployments,pods,virtualservices --request-timeout=5s 2>&1 | tail -n 20
}

# own_cluster: a control plane of this test alone, for what harms it; OWN_CLUSTER=1 before cluster_setup asks for it. Its
# parts are killed and started by: part NAME stop|cont|term|kill|start
own_cluster() {
	own=$T/cluster
	PORT=$("$SOURCE_DIR/tests/cluster/free-ports" 6) KUBELAB=$(readlink "$CLUSTER/kubelab") \
		"$SOURCE_DIR/tests/cluster/up" "$own" 3>&- 4>&-
	"$SOURCE_DIR/tests/cluster/scale" "$own" "${OWN_NODES:-3}" 0
	CLUSTER=$own
	export KUBECONFIG=$own/kubeconfig
}

# why_no_nodes [N]: says why there can be no N real nodes here (2), and fails where there can.
why_no_nodes() {
	local n
	[ "$(id -u)" = 0 ] || { echo "real nodes need root" && return; }
	for n in containerd ctr runc nft ip busybox; do
		command -v $n >/dev/null || { echo "$n is not installed" && return; }
	done
	[ -x /usr/lib/cni/bridge ] || { echo "the CNI plugins are not installed" && return; }
	# A control plane takes 13, a node on this kernel some; a virtual machine has its own.
	python3 -c 'import ctypes, sys; c = ctypes.CDLL(None); exit(any(c.inotify_init1(0) < 0 for _ in range(int(sys.argv[1]))))' \
		$((14 + 5 * ${1:-2})) || { echo "fs.inotify.max_user_instances is nearly used up: the cluster would not start" && return; }
	return 1
}

# real_cluster N M: a control plane of this test alone, in a network namespace ($LAB), with N real nodes and then M that are
# virtual machines; REAL_NODES=N and MACHINES=M before cluster_setup ask for it. Whatever talks to it runs there: "${lab[@]}"
# COMMAND...; Services have their virtual addresses.
real_cluster() {
	local n reason kind
	if reason=$(why_no_nodes "$1"); then skip "$reason"; fi
	if [ "$2" -gt 0 ]; then
		reason=$("$SOURCE_DIR/tests/cluster/machine" --try 3>&- 4>&-) || { [ $? = 77 ] && skip "$reason"; }
	fi
	LAB=klab-$$
	ip netns add "$LAB" 2>/dev/null || skip "no network namespace can be made here"
	lab=(nsenter "--net=/run/netns/$LAB")
	own=$T/cluster
	KUBELAB=$(readlink "$CLUSTER/kubelab") NODES=1 KWOK=0 "${lab[@]}" "$SOURCE_DIR/tests/cluster/up" "$own" 3>&- 4>&-
	CLUSTER=$own
	export KUBECONFIG=$own/kubeconfig
	for ((n = 1; n <= $1 + $2; n++)); do
		kind=()
		((n <= $1)) || kind=(--machine)
		"${lab[@]}" "$SOURCE_DIR/tests/cluster/node" "${kind[@]}" "$own" "$n" 3>&- 4>&-
	done
}

part() { "$SOURCE_DIR/tests/cluster/part" "$CLUSTER" "$@" 3>&- 4>&-; }

# k ARGUMENT...: kubectl as the admin, in the test's namespace. It is gone before its garbage would be worth a collection.
k() { GOGC=off "${lab[@]}" "$CLUSTER/kubectl" -n "$NS" "$@"; }

# until_ok SECONDS COMMAND...: until it succeeds; tells what it said last where it never does. It pauses for twice the time that
# the command took: a kubectl takes 100 ms of a CPU, and others wait for theirs.
until_ok() {
	local said from=${EPOCHREALTIME/[.,]/} now pause
	local end=$((from + $1 * 1000000))
	shift
	while ! said=$("$@" 2>&1); do
		now=${EPOCHREALTIME/[.,]/}
		if [ "$now" -ge "$end" ]; then
			echo "not in time: $*: $said"
			return 1
		fi
		pause=$(((now - from) * 2))
		((pause > 50000)) || pause=50000
		((pause < 1000000)) || pause=1000000
		sleep "$(printf '%d.%06d' $((pause / 1000000)) $((pause % 1000000)))"
		from=${EPOCHREALTIME/[.,]/}
	done
}

# get OBJECT JSONPATH: what is there.
get() { k get "$1" -o jsonpath="{$2}"; }
# is OBJECT JSONPATH VALUE; has not VALUE: is_not
is() {
	local v
	v=$(get "$1" "$2") || return 1
	[ "$v" = "$3" ] || { echo "$1 $2 is '$v'" && return 1; }
}
is_not() { ! is "$@" >/dev/null; }

# deployment NAME REPLICAS [LINE-OF-POD-SPEC...]: one with label app=NAME on the played nodes; returns when it is available. A played
# pod is ready at once: where it must be seen that one was missing, MIN_READY=SECONDS makes it unavailable for that long.
deployment() {
	local name=$1 replicas=$2
	shift 2
	{
		cat <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, labels: {app: $name}}
spec:
  replicas: $replicas
  minReadySeconds: ${MIN_READY:-0}
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name}}
    spec:
      nodeSelector: {type: kwok}
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "played:1", ports: [{containerPort: 8080}]}]
END
		[ $# = 0 ] || printf '      %s\n' "$@"
	} | k apply -f - >/dev/null
	until_ok "${PATIENCE:-30}" is "deployment/$name" .status.availableReplicas "$([ "$replicas" = 0 ] || echo "$replicas")"
}

# web NAME REPLICAS [SECONDS]: a deployment of web servers on real nodes, which answer with their pod's name, and a service of
# that name whose virtual address is in $vip; a pod is ready after that many seconds at the earliest (0). Returns when it is
# available and answers.
web() {
	k apply -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, labels: {app: $1}}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      nodeSelector: {kubelab/real: "true"}
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: docker.io/library/box:1
        imagePullPolicy: Never
        command: [sh, -c, "hostname >/www/index.html; exec httpd -f -p 8080 -h /www"]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, initialDelaySeconds: ${3:-0}}
---
apiVersion: v1
kind: Service
metadata: {name: $1}
spec: {selector: {app: $1}, ports: [{port: 80, targetPort: 8080}]}
END
	until_ok 60 is "deployment/$1" .status.availableReplicas "$2"
	vip=$(get "service/$1" .spec.clusterIP)
	until_ok 20 "${lab[@]}" curl -fsS -m 1 "http://$vip/"
}

# service NAME: for the pods with app=NAME; returns when a slice of endpoints is there.
service() {
	k create service clusterip "$1" --tcp=80:8080 >/dev/null
	k patch service "$1" --type=merge -p "{\"spec\":{\"selector\":{\"app\":\"$1\"}}}" >/dev/null
	until_ok 20 has_endpoints "$1"
}
has_endpoints() {
	[ -n "$(k get endpointslice -l "kubernetes.io/service-name=$1" -o jsonpath='{.items[*].endpoints[*].addresses[0]}')" ]
}
no_endpoints() { ! has_endpoints "$1"; }

# played_node NAME ZONE: a node of this test alone, Ready and without the taint of one that is not; its name is $NS-NAME,
# and nothing else is scheduled on it.
played_node() {
	k apply -f - >/dev/null <<END
apiVersion: v1
kind: Node
metadata:
  name: $NS-$1
  labels: {ordeal.test: $NS, kubernetes.io/hostname: $NS-$1, topology.kubernetes.io/zone: $2}
  annotations: {kwok.x-k8s.io/node: fake}
status: {allocatable: {cpu: 32, memory: 64Gi, pods: 1000}, capacity: {cpu: 32, memory: 64Gi, pods: 1000}}
END
	until_ok 20 is "node/$NS-$1" '.status.conditions[?(@.type=="Ready")].status' True
	until_ok 20 is "node/$NS-$1" .spec.taints ""
}

# pods [LABEL-SELECTOR]: names of those that are not going, one a line.
pods() {
	k get pods ${1:+-l "$1"} -o json |
		jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.name' | sort
}

# object KIND/NAME: it, without what the API server and controllers keep in it for themselves: before and after a fault
# it must be the same, byte for byte.
object() {
	k get "$1" -o json | jq -S 'del(.status, .metadata.resourceVersion, .metadata.managedFields, .metadata.generation,
		.metadata.annotations."deployment.kubernetes.io/revision")
		| if .metadata.annotations == {} then del(.metadata.annotations) else . end'
}
# remember KIND/NAME...: for unchanged.
remember() {
	local o
	for o; do object "$o" >"$T/was-${o//\//-}"; done
}
# unchanged KIND/NAME...: as remembered.
unchanged() {
	local o
	for o; do object "$o" | diff -u "$T/was-${o//\//-}" - || return 1; done
}

# traces: what ordeal leaves on the cluster while a fault is in force; nothing must remain after.
traces() {
	local kind
	for kind in deployments statefulsets daemonsets jobs services pods networkpolicies; do
		k get "$kind" -o json | jq -r '.items[] | select(.metadata.annotations // {} | has("ordeal.dev/undo"))
			| "undo annotation on \(.kind)/\(.metadata.name)"'
	done
	k get nodes -l "ordeal.test=$NS" -o json | jq -r '.items[]
		| select(.metadata.annotations // {} | has("ordeal.dev/undo")) | "undo annotation on Node/\(.metadata.name)"'
}
no_traces() {
	local found
	found=$(traces)
	[ -z "$found" ] || { echo "$found" && return 1; }
}

# Whether a pid is still that of a child of this shell: one that ended and was reaped may be a stranger's by now.
ours() { [ "$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat" 2>/dev/null)" = "$BASHPID" ]; }

# start COMMAND...: in the background, its output in $T/out and $T/err. The pid is in $pid.
start() {
	# With job control off a background job ignores SIGINT; a person's shell does not do that.
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" >"$T/out" 2>"$T/err" 3>&- 4>&- &
	pid=$!
	started+=("$pid")
}
has_event() { grep -q "\"event\":\"$1\"" "$T/out"; }

# ended_with CODE PID: waits for the background job.
ended_with() {
	local rc=0
	wait "$2" || rc=$?
	echo "it ended with $rc"
	[ "$rc" -eq "$1" ]
}
