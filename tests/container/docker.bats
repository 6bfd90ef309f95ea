#!/usr/bin/env bats
# Containers of a real Docker daemon, asked over its API.
bats_require_minimum_version 1.5.0
load common

setup_file() {
	local p
	[ "$(id -u)" = 0 ] || return 0
	for p in dockerd docker containerd runc; do command -v $p >/dev/null || return 0; done
	load common
	export LAB=$BATS_FILE_TMPDIR/docker GROUP=ordeal-docker-$$
	mkdir "$LAB"
	mount -t tmpfs none "$LAB"
	rootfs "$LAB/rootfs"
	daemon_start || {
		tail -n 3 "$LAB/log" >&3
		return 1
	}
	tar -C "$LAB/rootfs" -c . | docker -H "unix://$LAB/socket" import - busybox >/dev/null
}

daemon_start() {
	dockerd --data-root "$LAB/data" --exec-root "$LAB/exec" -H "unix://$LAB/socket" --pidfile "$LAB/pid" --bridge none \
		--ip-forward=false --iptables=false --ip6tables=false --storage-driver vfs --cgroup-parent "/$GROUP" >"$LAB/log" 2>&1 3>&- &
	within 30 docker -H "unix://$LAB/socket" version
}

teardown_file() {
	[ -n "${LAB:-}" ] || return 0
	load common
	docker -H "unix://$LAB/socket" ps -qa | xargs -r docker -H "unix://$LAB/socket" rm -f >/dev/null || :
	pid=$(cat "$LAB/pid")
	kill "$pid" || :
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	umount -l "$LAB/exec/netns/default" 2>/dev/null || :
	umount -l "$LAB"
	groups_gone "$GROUP"
}

setup() {
	[ -n "${LAB:-}" ] || skip "this needs root, dockerd, docker, containerd and runc"
	common_setup
	runtime=docker socket=$LAB/socket
}

teardown() {
	[ -n "${LAB:-}" ] || return 0
	ask_docker ps -qa | xargs -r docker -H "unix://$LAB/socket" rm -f >/dev/null || :
	support_teardown
}

ask_docker() { docker -H "unix://$socket" "$@"; }
up() {
	local name=$1
	shift
	ask_docker run -d --name "$name" --network none busybox "$@" >/dev/null
}
again() { ask_docker restart -t 0 "$1" >/dev/null; }
pid() { ask_docker inspect -f '{{.State.Pid}}' "$1"; }
whole() { ask_docker inspect -f '{{.Id}}' "$1"; }
runs() { [ "$(ask_docker inspect -f '{{.State.Running}}' "$1")" = true ]; }

@test "by its name at a socket, and by the beginning of its id where DOCKER_HOST is" {
	up web /bin/sleep 300
	everything web --container web --runtime docker --socket "$socket"
	ask_docker start web >/dev/null
	export DOCKER_HOST=unix://$socket
	everything web --container "$(whole web | cut -c1-10)"
}

@test "at the usual socket, by its whole id without any, and what is told of one that is not there" {
	up web /bin/sleep 300
	[ "$("$ORDEAL" targets --container "$(whole web)" --json | jq '.[0].place.procs[0][0]')" = "$(pid web)" ]
	ln -s "$socket" /run/docker.sock
	[ "$("$ORDEAL" targets --container web --json | jq '.[0].place.procs[0][0]')" = "$(pid web)" ]
	run "$ORDEAL" targets --container nobody
	rm /run/docker.sock
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"docker (/var/run/docker.sock): no such container"* ]]
	ask_docker stop -t 0 web
	run "$ORDEAL" targets --container web --socket "$socket"
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"container 'web' does not run, it is exited"* ]]
	# By its id it is a name of nobody.
	cat >"$T/x.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: x}
		spec:
		  hypothesis: nothing
		  probes: [{name: there, exec: {command: [/bin/true]}}]
		  faults: [{name: stop, proc.pause: {}, target: {container: {name: $(whole web), socket: $socket}}, for: 1s}]
		  limits: {targets: 1, duration: 10s}
	END
	run "$ORDEAL" targets "$T/x.yaml"
	echo "$output"
	[[ $output == *"is a container's id"* ]]
}

@test "two beginnings are the daemon's to refuse; a container of two processes is taken as a whole" {
	for i in $(seq 17); do up "c$i" /bin/sleep 300; done
	twice=$(ask_docker ps -q | cut -c1 | sort | uniq -d | head -n 1)
	run "$ORDEAL" targets --container "$twice$twice$twice$twice" --socket "$socket"
	[ "$status" -eq 2 ]
	run "$ORDEAL" targets --container "$twice" --socket "$socket"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"ultiple IDs found"* ]]
	up two /bin/sh -c 'sleep 300 & sleep 300'
	within 10 eval '[ "$(place_of two | jq ".procs | length")" = 0 ]'
	[ "$(place_of two | jq -r .netns)" = "/proc/$(pid two)/ns/net" ]
	[ "$("$ORDEAL" targets --container two --all --runtime docker --socket "$socket" --json | jq '.[0].place.procs | length')" -ge 2 ]
}

@test "a daemon that hangs is waited for as long as that is worth" {
	up web /bin/sleep 300
	kill -STOP "$(cat "$LAB/pid")"
	before=$(date +%s%N)
	run "$ORDEAL" targets --container web --socket "$socket"
	took=$((($(date +%s%N) - before) / 1000000))
	kill -CONT "$(cat "$LAB/pid")"
	echo "$took ms: $output"
	[ "$status" -eq 6 ]
	[[ $output == *"timed out"* ]]
	[ "$took" -ge 1900 ]
	[ "$took" -le 4000 ]
}

@test "who may not ask says so" {
	up web /bin/sleep 300
	chmod 755 "$BATS_FILE_TMPDIR" "$LAB" "$(dirname "$BATS_FILE_TMPDIR")" "$(dirname "$(dirname "$BATS_FILE_TMPDIR")")"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_RUNTIME_DIR= "$ORDEAL" targets --container web --socket "$socket"
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"this user may not ask it; run as root"* ]]
}

@test "replaced between being resolved and being hit" { replaced; }

@test "an experiment finds it anew in each repetition" { repeated; }
