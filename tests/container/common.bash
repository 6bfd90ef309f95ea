# What holds for the container of any runtime. A suite says how to reach its daemon:
#   up NAME COMMAND...  starts a container with a network namespace and a control group of its own
#   again NAME          ends it and starts it anew under the same name
#   pid NAME            of its first process
#   runs NAME           whether it runs
# and $runtime, $socket.
# shellcheck shell=bash
load ../cli/support
load ../image/containerd

common_setup() {
	support_setup
	ORDEAL=$BUILD_DIR/cli/ordeal
	injector=$BUILD_DIR/injector/host/ordeal-injector
	unset DOCKER_HOST CONTAINER_HOST
}

# rootfs DIR: what all of them run.
rootfs() {
	mkdir -p "$1/bin" "$1/proc" "$1/sys" "$1/dev" "$1/etc" "$1/tmp"
	cp /bin/busybox "$1/bin/busybox"
	ln -sf busybox "$1/bin/sh"
	ln -sf busybox "$1/bin/sleep"
}

# groups_gone NAME: the control groups that the daemon was given to keep its own in.
groups_gone() {
	find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} \; 2>/dev/null || :
}

# injected OPTION...: returns when it is in force; ended_here takes it back.
injected() {
	start "$ORDEAL" inject "$@" --for 30s
	within 15 has_event injected || {
		cat "$T/out" "$T/err"
		return 1
	}
}
ended_here() {
	kill -INT "$pid"
	wait "$pid" || :
	has_event reverted
}

# Round trip on the loopback of a process's network, in whole milliseconds.
rtt() {
	nsenter -n -t "$1" ping -Unq -c 3 -i 0.2 127.0.0.1 | sed -n 's|^rtt.*= [0-9.]*/\([0-9]*\).*|\1|p'
}

# everything TEXT OPTION...: its network, its control group and its processes by whatever names it.
everything() {
	local name=$1 init before
	shift
	init=$(pid "$name")
	# Its network: both ways on its loopback, and nobody else's.
	injected net.delay --delay 50ms --device lo "$@"
	[ "$(rtt "$init")" -ge 99 ]
	[ "$(rtt $$)" -lt 20 ]
	ended_here
	[ "$(rtt "$init")" -lt 20 ]
	# Its control group: what burns is in it.
	injected cpu.burn --load 20% "$@"
	before=$(grep -h ':cpu:\|:cpu,cpuacct:\|^0::' "/proc/$init/cgroup" | head -n 1)
	burner=$(grep -l '^ordeal-' /proc/[0-9]*/comm 2>/dev/null | while read -r f; do
		grep -qxF "$before" "${f%comm}cgroup" && echo "$f"
	done | head -n 1)
	[ -n "$burner" ]
	ended_here
	# Its processes: the first one's death is the container's end.
	run "$ORDEAL" inject proc.kill --signal KILL --for 1s "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	within 10 eval "! runs $name"
}

# place_of NAME: where it is, as a request has it.
place_of() { "$ORDEAL" targets --container "$1" --runtime "$runtime" --socket "$socket" --json | jq -c '.[0].place'; }

# refused FAULT ARGS PLACE PATTERN: the injector is asked for a fault at a place that was resolved before.
refused() {
	printf '{"protocol":1,"op":"add","lease":"old","fault":"%s","args":%s,"target":%s,"hold_ns":200000000,"seed":1}\n' \
		"$1" "$2" "$3" | "$injector" >"$T/events" 2>&1 || :
	cat "$T/events"
	run grep -c '"event":"injected"' "$T/events"
	[ "$output" = 0 ]
	grep -q "$4" "$T/events"
}

# Between being resolved and being hit it is replaced: the new one is left alone.
replaced() {
	up one /bin/sleep 300
	up two /bin/sh -c 'sleep 300 & sleep 300'
	within 10 eval '[ "$(place_of two | jq ".procs | length")" = 0 ]'
	one=$(place_of one) two=$(place_of two)
	echo "one: $one"
	[ "$(jq ".procs | length" <<<"$one")" = 1 ]
	[ "$(jq .cgroup_ino <<<"$two")" -gt 0 ]
	again one
	again two
	refused proc.pause '{}' "$one" 'gone\|another\|no process'
	refused net.delay '{"delay":50000000,"device":"lo"}' "$two" 'netns\|namespace\|No such file'
	refused cpu.burn '{"load":200000}' "$(jq -c 'del(.netns, .netns_ino)' <<<"$two")" 'No such file\|another than was resolved'
	# Asked for by its name it is who it is now.
	[ "$(place_of one | jq '.procs[0][0]')" = "$(pid one)" ]
}

# An experiment that has a container by name: each repetition finds who has it then.
repeated() {
	up changing /bin/sleep 300
	cat >"$T/x.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: changing}
		spec:
		  hypothesis: whoever has the name is hit
		  probes: [{name: there, exec: {command: [/bin/true]}, every: 50ms, timeout: 1s}]
		  faults:
		    - {name: stop, proc.pause: {}, target: {container: {name: changing, runtime: $runtime, socket: $socket}}, for: 300ms}
		  repetitions: 2
		  recovery: 3s
		  limits: {targets: 1, duration: 10s}
	END
	"$ORDEAL" plan "$T/x.yaml" | grep -q "container changing of $runtime at $socket"
	first=$(pid changing)
	start "$ORDEAL" run "$T/x.yaml" --quiet
	within 20 eval 'grep "\"rep\":1" "$XDG_STATE_HOME"/ordeal/runs/2*/run.jsonl | grep -q "\"state\":\"reverted\""'
	again changing
	second=$(pid changing)
	[ "$first" != "$second" ]
	wait "$pid" || :
	[ "$(jq -r 'select(.e == "resolved") | .place.procs[0][0]' "$XDG_STATE_HOME"/ordeal/runs/2*/run.jsonl | uniq | xargs)" = "$first $second" ]
}
