#!/usr/bin/env bats
# Containers of containerd, which is not asked: control groups, shims and their files tell.
bats_require_minimum_version 1.5.0
load common

setup_file() {
	if [ "$(id -u)" != 0 ] || ! command -v containerd >/dev/null || ! command -v runc >/dev/null; then return 0; fi
	load common
	export LAB=$BATS_FILE_TMPDIR/containerd CONTAINERD_NAMESPACE=ordeal-ctr-$$
	containerd_start "$LAB" || {
		tail -n 5 "$LAB/log"
		return 1
	}
	echo "$containerd" >"$LAB/pid"
	rootfs "$LAB/rootfs"
}

teardown_file() {
	[ -n "${LAB:-}" ] || return 0
	containerd=$(cat "$LAB/pid")
	load ../image/containerd
	export CONTAINERD_ADDRESS=$LAB/socket
	ctr task list -q | xargs -rn1 ctr task delete -f || :
	kill "$containerd" 2>/dev/null || :
	while kill -0 "$containerd" 2>/dev/null; do sleep 0.05; done
	umount -l "$LAB"
	load common
	groups_gone "$CONTAINERD_NAMESPACE"
}

setup() {
	[ -n "${LAB:-}" ] || skip "this needs root, containerd and runc"
	export CONTAINERD_ADDRESS=$LAB/socket
	common_setup
	runtime=containerd socket=$LAB/socket
}

teardown() {
	[ -n "${LAB:-}" ] || return 0
	down
	support_teardown
}

down() {
	ctr task list -q | xargs -rn1 ctr task delete -f >/dev/null 2>&1 || :
	ctr container list -q | xargs -rn1 ctr container delete >/dev/null 2>&1 || :
}

up() {
	local name=$1
	shift
	ctr run -d --rootfs "$LAB/rootfs" "$name" "$@" 3>&-
}
again() {
	ctr task delete -f "$1" >/dev/null || :
	ctr container delete "$1"
	if [ "$1" = two ]; then up two /bin/sh -c 'sleep 300 & sleep 300'; else up "$1" /bin/sleep 300; fi
}
pid() { ctr task list | awk -v n="$1" '$1 == n {print $2}'; }
runs() { ctr task list | awk -v n="$1" '$1 == n {print $3}' | grep -q RUNNING; }

@test "by the name that is its id, with and without its runtime and socket" {
	up web /bin/sleep 300
	everything web --container web
	ctr task delete -f web
	ctr task start -d web 3>&-
	everything web --container web --runtime containerd --socket "$socket"
}

# annotated ID KEY=VALUE...: a container with these in its specification.
annotated() {
	local name=$1 each=() a
	shift
	for a; do each+=(--annotation "$a"); done
	ctr run -d "${each[@]}" --rootfs "$LAB/rootfs" "$name" /bin/sleep 300 3>&-
}

@test "by the beginning of an id, and by the names in annotations as nerdctl and CRI write them" {
	a=$(printf '%064d' 7 | tr 0 a) b=$(printf '%064d' 8 | tr 0 a)
	annotated "$a" nerdctl/name=shop
	annotated "$b" io.kubernetes.cri.container-name=orders io.kubernetes.cri.sandbox-name=orders-0 io.kubernetes.cri.sandbox-namespace=shop
	for text in shop "$a"; do
		[ "$("$ORDEAL" targets --container "$text" --json | jq '.[0].place.procs[0][0]')" = "$(pid "$a")" ]
	done
	for text in orders orders-0/orders shop/orders-0/orders; do
		[ "$("$ORDEAL" targets --container "$text" --json | jq '.[0].place.procs[0][0]')" = "$(pid "$b")" ]
	done
	run "$ORDEAL" targets --container other/orders-0/orders
	[ "$status" -eq 2 ]
	run "$ORDEAL" targets --container aaaa
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"2 containers match 'aaaa': containerd's"*"say which by its id, its runtime"* ]]
}

@test "replaced between being resolved and being hit" { replaced; }

@test "an experiment finds it anew in each repetition" { repeated; }

# door TARGETS: root's injector behind a socket for user 61234, as the service has it; his commands go by `he`.
door() {
	mkdir -p "$T/door"
	printf 'version: 1\nrules:\n  - who: [user:61234]\n    faults: [proc.pause, cpu.burn, net.loss]\n    targets: [%s]\n    limits:\n      duration: 10s\n      targets: 1\n' "$1" >"$T/door/policy.yaml"
	chmod 755 "$T" "$T/door"
	systemd-socket-activate --inetd --accept -l "$T/door/socket" "$injector" --policy "$T/door/policy.yaml" >"$T/door/log" 2>&1 3>&- &
	doorkeeper=$!
	within 5 test -S "$T/door/socket"
	chmod 666 "$T/door/socket"
}
he() { setpriv --reuid 61234 --regid 61234 --clear-groups env ORDEAL_INJECTOR_SOCKET="$T/door/socket" HOME=/tmp "$ORDEAL" "$@" 3>&-; }

@test "who is not root, at the door: by its id where its unit is allowed, and told why not else" {
	command -v systemd-socket-activate >/dev/null || skip "systemd is not installed"
	id=$(printf '%064d' 9 | tr 0 c)
	ctr run -d --cgroup "/ordeal-door.slice/cri-containerd-$id.scope" --rootfs "$LAB/rootfs" "$id" /bin/sleep 300 3>&-
	up web /bin/sleep 300
	# Its policy lies where root alone may write.
	T=$(mktemp -d /run/door.XXXXXX)
	door '"unit:cri-containerd-*.scope"'
	init=$(pid "$id")
	he inject proc.pause --container "${id:0:13}" --for 5s >"$T/out" 2>&1 &
	pid=$!
	within 10 grep -q injected "$T/out" || cat "$T/out"
	grep -q 'State:.T' "/proc/$init/status"
	wait "$pid"
	grep -q 'State:.S' "/proc/$init/status"
	run he inject proc.pause --container web --for 1s
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"sleep (in no unit of the system) is not among its targets"* ]]
	run he inject proc.pause --container shop --for 1s
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"names are root's to see (the beginning of an id, as crictl or ctr shows it, is enough)"* ]]
	kill "$doorkeeper"
	wait "$doorkeeper" || :
	rm -rf "$T"
}

@test "who is not there, and who may not be asked" {
	run "$ORDEAL" targets --container nobody
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"docker (/var/run/docker.sock): there is no such socket; podman (/run/podman/podman.sock): there is no such socket; containerd: it has no container here"* ]]
	up web /bin/sleep 300
	run "$ORDEAL" targets --container nobody --runtime containerd
	[[ $output == *"containerd: none of its containers has that id or name"* ]]
	# One that has ended is there and is none: its files are.
	kill -KILL "$(pid web)"
	within 10 eval '! runs web'
	run "$ORDEAL" targets --container web
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"container 'web' does not run"* ]]
}
