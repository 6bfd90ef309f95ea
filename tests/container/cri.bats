#!/usr/bin/env bats
# Containers as Kubernetes names them: pods that the CRI of a real containerd made, asked by hand as a kubelet asks (cri.py).
bats_require_minimum_version 1.5.0
load common

setup_file() {
	local tool
	for tool in containerd runc curl busybox; do command -v "$tool" >/dev/null || return 0; done
	[ "$(id -u)" = 0 ] || return 0
	load common
	export LAB=$BATS_FILE_TMPDIR/containerd CONTAINERD_NAMESPACE=k8s.io
	containerd_start "$LAB" cri || {
		tail -n 5 "$LAB/log"
		return 1
	}
	echo "$containerd" >"$LAB/pid"
	python3 "$SOURCE_DIR/tests/container/cri.py" "$LAB/socket" image "$LAB/box.tar" docker.io/library/box:1 /bin/busybox
	ctr image import "$LAB/box.tar"
	pod shop orders-0 orders proxy
	pod shop orders-1 orders
	pod test orders-0 orders
}

teardown_file() {
	[ -n "${LAB:-}" ] || return 0
	local pod
	load ../image/containerd
	for pod in "$LAB"/pods/*; do cri gone "$(cat "$pod/sandbox")" || :; done
	containerd=$(cat "$LAB/pid")
	kill "$containerd" 2>/dev/null || :
	while kill -0 "$containerd" 2>/dev/null; do sleep 0.05; done
	umount -l "$LAB"
	load common
	groups_gone k8s.io
}

setup() {
	[ -n "${LAB:-}" ] || skip "this needs root, containerd, runc, curl and busybox"
	export CONTAINERD_ADDRESS=$LAB/socket
	common_setup
}
teardown() { [ -z "${LAB:-}" ] || support_teardown; }

cri() { python3 "$SOURCE_DIR/tests/container/cri.py" "$LAB/socket" "$@" 3>&-; }
# pod NAMESPACE POD CONTAINER...: their ids are in $LAB/pods/NAMESPACE.POD.
pod() {
	local at=$LAB/pods/$1.$2 namespace=$1 name=$2 container
	mkdir -p "$at"
	cri pod "$namespace" "$name" >"$at/sandbox"
	shift 2
	for container; do
		cri container "$(cat "$at/sandbox")" "$namespace" "$name" "$container" docker.io/library/box:1 /bin/sleep 600 >"$at/$container"
	done
}
# pid NAMESPACE.POD/CONTAINER: of its first process, as containerd has it.
pid() { ctr task list | awk -v n="$(cat "$LAB/pods/$1")" '$1 == n {print $2}'; }
hit() { "$ORDEAL" targets --container "$1" --json | jq '.[0].place.procs | if length == 1 then .[0][0] else error("not one") end'; }

@test "by its name where that is unique, as POD/NAME, as NAMESPACE/POD/NAME, and by its id as crictl shows it" {
	[ "$(hit proxy)" = "$(pid shop.orders-0/proxy)" ]
	[ "$(hit orders-1/orders)" = "$(pid shop.orders-1/orders)" ]
	[ "$(hit shop/orders-0/orders)" = "$(pid shop.orders-0/orders)" ]
	[ "$(hit test/orders-0/orders)" = "$(pid test.orders-0/orders)" ]
	[ "$(hit "$(cut -c1-13 "$LAB/pods/shop.orders-1/orders")")" = "$(pid shop.orders-1/orders)" ]
	# The sandbox has no such name, but its id.
	[ "$(hit "$(cut -c1-13 "$LAB/pods/shop.orders-1/sandbox")")" = "$(pid shop.orders-1/sandbox)" ]
}

# refuses TEXT PATTERN...
refuses() {
	run -2 "$ORDEAL" targets --container "$1"
	echo "$output"
	shift
	for pattern; do grep -q "$pattern" <<<"$output"; done
}

@test "several of that name are refused with all of them, as they can be named; none is told as such" {
	refuses orders '3 containers match' "'shop/orders-0/orders' ($(cut -c1-12 "$LAB/pods/shop.orders-0/orders"))" "'shop/orders-1/orders'" \
		"'test/orders-0/orders'" "by its id, its runtime, or a pod's as NAMESPACE/POD/NAME"
	refuses orders-0/orders '2 containers match' "'shop/orders-0/orders'" "'test/orders-0/orders'"
	refuses shop/orders-2/orders 'none of its containers has that id or name'
	refuses orders-0 'none of its containers has that id or name'
	refuses test/orders 'none of its containers'
}

@test "its processes are hit, and no other of its pod; one that was restarted is found by the same name" {
	injected proc.pause --container shop/orders-0/orders
	grep -q 'State:.T' "/proc/$(pid shop.orders-0/orders)/status"
	grep -q 'State:.S' "/proc/$(pid shop.orders-0/proxy)/status"
	ended_here
	grep -q 'State:.S' "/proc/$(pid shop.orders-0/orders)/status"
	before=$(pid shop.orders-1/orders)
	run -0 "$ORDEAL" inject proc.kill --signal KILL --for 1s --container shop/orders-1/orders
	within 10 eval '! pid shop.orders-1/orders | grep -q .'
	refuses shop/orders-1/orders 'none of its containers\|does not run'
	cri container "$(cat "$LAB/pods/shop.orders-1/sandbox")" shop orders-1 orders:1 docker.io/library/box:1 /bin/sleep 600 >"$LAB/pods/shop.orders-1/orders"
	[ "$(hit shop/orders-1/orders)" != "$before" ]
}
