#!/usr/bin/env bats
# Containers of a real Podman, asked over its API, and beside a containerd.
bats_require_minimum_version 1.5.0
load common

setup_file() {
	[ "$(id -u)" = 0 ] && command -v podman >/dev/null && command -v runc >/dev/null || return 0
	load common
	export LAB=$BATS_FILE_TMPDIR/podman GROUP=ordeal-podman-$$ CONTAINERD_NAMESPACE=ordeal-podman-$$
	mkdir "$LAB"
	mount -t tmpfs none "$LAB"
	rootfs "$LAB/rootfs"
	# Its defaults ask for more than a machine's own limits.
	cat >"$LAB/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
	END
	podman=(env -u CONTAINER_HOST "CONTAINERS_CONF=$LAB/containers.conf" podman --root "$LAB/root" --runroot "$LAB/run" --tmpdir "$LAB/tmp"
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend file --runtime runc)
	printf '%s\n' "${podman[@]}" >"$LAB/podman"
	"${podman[@]}" system service -t 0 "unix://$LAB/socket" >"$LAB/log" 2>&1 3>&- &
	echo $! >"$LAB/pid"
	within 20 test -S "$LAB/socket"
	ask_podman run -d --name first --network none --cgroup-parent "/$GROUP" --rootfs "$LAB/rootfs" /bin/sleep 300 >"$LAB/first" 2>&1 3>&- || :
}

ask_podman() {
	mapfile -t podman <"$LAB/podman"
	"${podman[@]}" "$@"
}

teardown_file() {
	[ -n "${LAB:-}" ] || return 0
	load common
	ask_podman rm -f -t 0 -a >/dev/null || :
	kill "$(cat "$LAB/pid")" || :
	while kill -0 "$(cat "$LAB/pid")" 2>/dev/null; do sleep 0.05; done
	umount -l "$LAB"
	groups_gone "$GROUP"
}

setup() {
	[ -n "${LAB:-}" ] || skip "this needs root, podman and runc"
	[ "$(ask_podman inspect -f '{{.State.Running}}' first 2>/dev/null)" = true ] || skip "podman starts no container here: $(tail -n 1 "$LAB/first")"
	common_setup
	runtime=podman socket=$LAB/socket
}

teardown() {
	[ -n "${LAB:-}" ] || return 0
	ask_podman ps -a --format '{{.Names}}' | grep -vx first | while read -r n; do ask_podman rm -f -t 0 "$n" >/dev/null || :; done
	[ -z "${T:-}" ] || support_teardown
}

up() {
	local name=$1
	shift
	ask_podman run -d --name "$name" --network none --cgroup-parent "/$GROUP" --rootfs "$LAB/rootfs" "$@" >/dev/null 3>&-
}
again() { ask_podman restart -t 0 "$1" >/dev/null 3>&-; }
pid() { ask_podman inspect -f '{{.State.Pid}}' "$1"; }
whole() { ask_podman inspect -f '{{.Id}}' "$1"; }
runs() { [ "$(ask_podman inspect -f '{{.State.Running}}' "$1")" = true ]; }

@test "by its name at a socket, and by the beginning of its id where CONTAINER_HOST is" {
	up web /bin/sleep 300
	everything web --container web --runtime podman --socket "$socket"
	ask_podman start web >/dev/null 3>&-
	export CONTAINER_HOST=unix://$socket
	everything web --container "$(whole web | cut -c1-10)"
}

@test "at the usual socket; two runtimes that know the name are refused, a choice is not" {
	up web /bin/sleep 300
	mkdir -p /run/podman
	ln -s "$socket" /run/podman/podman.sock
	[ "$("$ORDEAL" targets --container web --json | jq '.[0].place.procs[0][0]')" = "$(pid web)" ]
	command -v containerd >/dev/null || skip "there is no containerd to be the other one"
	containerd_start "$T/containerd"
	ctr run -d --rootfs "$LAB/rootfs" web /bin/sleep 300 3>&-
	run "$ORDEAL" targets --container web
	podman=$("$ORDEAL" targets --container web --runtime podman --json | jq '.[0].place.procs[0][0]')
	other=$("$ORDEAL" targets --container web --runtime containerd --json | jq '.[0].place.procs[0][0]')
	theirs=$(ctr task list | awk '$1 == "web" {print $2}')
	containerd_stop
	umount -l "$T/containerd"
	rm /run/podman/podman.sock
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"2 containers match 'web': podman's 'web' ("*"containerd's 'web' (web)"* ]]
	[ "$podman" = "$(pid web)" ]
	[ "$other" = "$theirs" ]
}

@test "replaced between being resolved and being hit" { replaced; }

@test "an experiment finds it anew in each repetition" { repeated; }
