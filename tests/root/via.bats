#!/usr/bin/env bats
# The same lease through a pipe that leads to another machine: over a real sshd.

load net
load via

setup() { via_setup; }
teardown() { net_teardown; }

partition() { inject net.partition --to 10.77.0.1:7000/tcp --host --for "$1" --via "$via" "${@:2}"; }

@test "a fault on another machine is in force there, and not here; it ends in order" {
	partition 30s || { cat "$dir/out" "$dir/err"; false; }
	far_rules | grep -q ordeal-inject
	not holds ordeal in_a nft list ruleset
	kill -TERM "$client"
	wait "$client"
	tail -n1 "$dir/out" | jq -e '.event == "reverted" and .cause == "removed" and .residue == 0'
	gone_within 1
}

@test "the connection that leads there is left alone, and every other one to this machine is cut" {
	serve_b 10.77.0.2 7001
	inject net.partition --to 10.77.0.1 --host --for 4s --via "$via" || { cat "$dir/out" "$dir/err"; false; }
	grep -q 'leaves 10.77.0.1:[0-9]*/tcp alone' "$dir/out"
	not in_a timeout 1 python3 -c 'import socket; socket.create_connection(("10.77.0.2", 7001), 0.5)' 2>/dev/null
	wait "$client"
	tail -n1 "$dir/out" | jq -e '.event == "reverted" and .cause == "deadline" and .residue == 0'
	in_a python3 -c 'import socket; socket.create_connection(("10.77.0.2", 7001), 1)'
}

@test "a link that goes down in the middle: gone by its deadline there, and the loss is told with that instant" {
	partition 3s || { cat "$dir/out" "$dir/err"; false; }
	ip -n "$A" link set va down
	gone_within 4
	not holds '"state"' far_status
	rc=0
	wait "$client" || rc=$?
	[ "$rc" = 6 ]
	grep -Eq 'the link was lost, its guardian there reverts by 20[0-9-]+T[0-9:.]+Z: .*has not answered' "$dir/err"
}

@test "a session that is killed in the middle: reverted there at once" {
	partition 60s
	kill -KILL "$(below_sshd 'sshd.*root' | tail -n1)"
	gone_within 2
	rc=0
	wait "$client" || rc=$?
	[ "$rc" = 6 ]
	grep -q 'the link was lost, its guardian there reverts by' "$dir/err"
}

@test "a client that is killed: reverted there at once, and no ssh stays" {
	partition 60s
	kill -KILL "$client"
	gone_within 2
	for _ in $(seq 100); do pgrep -f "ssh -F $dir/ssh_config" >/dev/null || return 0; sleep .02; done
	return 1
}

@test "an injector that is killed there: its guardian reverts, and the loss is told" {
	partition 60s
	p=$(far_status | jq '.leases[0].holder')
	kill -KILL "$p"
	gone_within 2
	rc=0
	wait "$client" || rc=$?
	[ "$rc" = 6 ]
	grep -q 'the link was lost' "$dir/err"
}

@test "a host key that changed, one that is not known, a key that is refused: ssh's own words, nothing is injected" {
	ssh-keygen -q -t ed25519 -N '' -f "$dir/other"
	echo "[10.77.0.2]:2222,[fd77::2]:2222 $(cut -d' ' -f1,2 "$dir/other.pub")" >"$dir/known"
	not partition 5s
	grep -q 'Host key verification failed' "$dir/err"
	: >"$dir/known"
	not partition 5s
	grep -q 'Host key verification failed' "$dir/err"
	echo "[10.77.0.2]:2222 $(cut -d' ' -f1,2 "$dir/host.pub")" >"$dir/known"
	: >"$dir/authorized"
	not partition 5s
	grep -q 'Permission denied' "$dir/err"
	[ ! -s "$dir/out" ]
	not holds ordeal far_rules
}

@test "no such program there, no such command here, an injector of another version, none at all" {
	via="ssh -F $dir/ssh_config 10.77.0.2 /nowhere/ordeal-injector"
	not partition 5s
	grep -qi 'status 127.*no such file' "$dir/err"
	via="nosuchcommand x"
	not partition 5s
	grep -q "start 'nosuchcommand': No such file" "$dir/err"
	printf '#!/bin/sh\n"%s" | sed -u s/%s/0.0.9/\n' "$injector" "$("$ordeal" version | grep -o '[0-9.]*' | head -n1)" >"$dir/old"
	printf '#!/bin/sh\nread -r line\necho %s\n' "'"'{"event":"failed","at_ns":1,"phase":"request","code":"usage","message":"op: hello is not one of add"}'"'" >"$dir/older"
	chmod 755 "$dir/old" "$dir/older"
	via="ssh -F $dir/ssh_config 10.77.0.2 $dir/old"
	not partition 5s
	grep -Eq "is version 0.0.9, this ordeal is [0-9.]+: install the same" "$dir/err"
	via="ssh -F $dir/ssh_config 10.77.0.2 $dir/older"
	not partition 5s
	grep -q 'does not know hello' "$dir/err"
	via="ssh -F $dir/ssh_config 10.77.0.2 echo hello"
	not partition 5s
	grep -q 'not JSON' "$dir/err"
	not holds ordeal far_rules
}

@test "doctor and targets ask that machine; without --via a copy means nothing" {
	in_a "$ordeal" doctor --via "$via" --json >"$dir/out"
	jq -e '.faults | any(.fault == "net.delay" and .available and .as == "who the command makes you")' "$dir/out"
	in_a "$ordeal" doctor --via "$via" | grep 'proc.pause *yes'
	rc=0
	in_a "$ordeal" targets --listening 2222 --via "$via" --json >"$dir/out" 2>"$dir/err" || rc=$?
	[ "$rc" = 2 ] # nobody would be hit
	grep -q 'on the other machine: .*sshd.* is refused' "$dir/out"
	rc=0
	in_a "$ordeal" doctor --via-copy 2>"$dir/err" || rc=$?
	[ "$rc" = 2 ]
	grep -q 'goes with --via' "$dir/err"
	rc=0
	in_a "$ordeal" doctor --via "ssh -F $dir/ssh_config 10.77.0.2 /nowhere/x" 2>"$dir/err" || rc=$?
	[ "$rc" = 6 ]
	# Words that hold blanks are given one by one.
	printf '#!/bin/sh\nexec "%s"\n' "$injector" >"$dir/with blank"
	chmod 755 "$dir/with blank"
	"$ordeal" doctor --via env --via "$dir/with blank" | grep -q 'noop *yes'
}

@test "the target is found there: a process of that machine, by name; none of that name is refused" {
	background "$dir/sleeper" far sh -c "cp $(command -v sleep) $dir/farsleep; echo ready; exec $dir/farsleep 100"
	inject proc.pause --process farsleep --for 30s --via "$via"
	p=${started[-2]}
	p=$(pgrep -f "^$dir/farsleep 100")
	grep -q 'State:.T' "/proc/$p/status"
	kill -TERM "$client"
	wait "$client"
	grep -q 'State:.S' "/proc/$p/status"
	not inject proc.pause --process nosuchprocess --for 5s --via "$via"
	grep -q "on the other machine: no process is named 'nosuchprocess'" "$dir/err"
	kill "$p"
}
