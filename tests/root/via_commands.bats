#!/usr/bin/env bats
# status, halt, resume and rescue of another machine, and a way there that needs sudo: a real one, unpacked over that machine's
# /usr and /etc, with a user who is not root.

load net
load via

setup() {
	if [[ $BATS_TEST_DESCRIPTION == *sudo* ]]; then with_sudo; fi
	via_setup
}
teardown() {
	net_teardown
	[ -z "${over:-}" ] || rm -rf "$over"
}

with_sudo() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	sudo=$("$SOURCE_DIR/tests/support/unpacked" sudo) || skip "$sudo"
	over=$(mktemp -d)
	chmod 755 "$over"
	mkdir -p "$over/sudoers.d"
	{ cat /etc/passwd && echo ops:x:61500:61500::/:/bin/sh; } >"$over/passwd"
	{ cat /etc/group && echo ops:x:61500:; } >"$over/group"
	machine_more="mount -t overlay -o lowerdir=$sudo/usr:/usr none /usr && mount -t overlay -o lowerdir=$over:$sudo/etc:/etc none /etc && mount --bind $over/sudoers.d /etc/sudoers.d"
	machine_user=ops
}
far_sudoers() { echo "$1" >"$over/sudoers.d/ops"; }

# rc N COMMAND...: its output is $out, its errors $dir/err.
rc() {
	local want=$1 got=0
	shift
	out=$("$@" 2>"$dir/err" 3>&- 8>&- 9>&-) || got=$?
	[ "$got" = "$want" ] || { echo "status $got: $out" && cat "$dir/err" && return 1; }
}
here() { in_a "$ordeal" "$@"; }
has() { grep -q -- "$1" <<<"$out" || { echo "no '$1' in: $out" && return 1; }; }
says() { grep -q -- "$1" "$dir/err" || { echo "no '$1' in:" && cat "$dir/err" && return 1; }; }
partition() { inject net.partition --to 10.77.0.1:7000/tcp --host --for "$1" --via "$via" "${@:2}"; }

@test "status, halt and resume are that machine's, and this one goes on" {
	rc 0 here status --via "$via"
	has 'no lease is held'
	partition 60s || { cat "$dir/out" "$dir/err"; false; }
	lease=$(jq -r 'select(.event == "injected") | .lease' "$dir/out")
	# Its clock is a day ahead of ours: what is left is counted by its own.
	rc 0 here status --via "$via"
	has "$lease *net.partition *injected .* [4-6][0-9.]* s  *there"
	rc 0 here status --json --via "$via"
	jq -e '.halted == false and (.leases | length) == 1 and .leases[0].left_ns > 30e9 and .leases[0].left_ns <= 60e9' <<<"$out"
	rc 0 here status --json
	not holds "$lease" echo "$out"
	rc 0 here halt --via "$via"
	has "halted: 1 lease ended; .* 'ordeal resume --via ...'"
	gone_within 1
	wait "$client" || :
	tail -n1 "$dir/out" | jq -e '.event == "reverted" and .residue == 0'
	rc 0 here status --via "$via"
	has 'halted: new leases are refused'
	not partition 5s
	grep -q 'this host is halted' "$dir/err" "$dir/out"
	rc 0 here status --json
	jq -e '.halted == false' <<<"$out"
	rc 0 here resume --via "$via"
	has 'resumed'
	partition 1s
	wait "$client"
}

@test "rescue is that machine's: what lost both its processes there" {
	background "$dir/sleeper" far sh -c "cp $(command -v sleep) $dir/farsleep; echo ready; exec $dir/farsleep 100"
	inject proc.pause --process farsleep --for 60s --via "$via"
	p=$(pgrep -f "^$dir/farsleep 100")
	grep -q 'State:.T' "/proc/$p/status"
	read -r guardian holder < <(far_status | jq -r '.leases[0] | "\(.guardian) \(.holder)"')
	kill -STOP "$guardian" # or one of them has time to see the other die
	kill -KILL "$holder" "$guardian"
	wait "$client" || :
	rc 0 here status --via "$via"
	has 'proc.pause *orphaned'
	rc 0 here rescue --dry-run --via "$via"
	has 'proc.pause'
	grep -q 'State:.T' "/proc/$p/status"
	rc 0 here rescue --json --via "$via"
	jq -e 'length == 1 and .[0].action == "reverted" and .[0].residue == 0' <<<"$out"
	grep -q 'State:.S' "/proc/$p/status"
	rc 0 here rescue --via "$via"
	has 'nothing to rescue'
	kill "$p"
}

@test "no way there: 6 with the command's words and what would be right; 2 for what cannot be meant" {
	for command in status halt resume rescue; do
		rc 6 here "$command" --via "ssh -F $dir/ssh_config -p 2223 10.77.0.2 $injector"
		says 'status 255: .*Connection refused'
		rc 6 here "$command" --via "nosuchcommand x"
		says "start 'nosuchcommand': No such file"
		[ -z "$out" ]
	done
	rc 6 here halt --via "ssh -F $dir/ssh_config 10.77.0.2 /nowhere/ordeal-injector"
	says 'status 127: .*where ordeal is installed it is /.*/libexec/ordeal/ordeal-injector; --via-copy'
	rc 6 here status --via "ssh -F $dir/ssh_config nobody@10.77.0.2 $injector"
	says "not JSON: 'This account is currently not available.'"
	printf '#!/bin/sh\n"%s" | sed -u s/%s/0.0.9/\n' "$injector" "$("$ordeal" version | grep -o '[0-9.]*' | head -n1)" >"$dir/old"
	chmod 755 "$dir/old"
	rc 2 here halt --via "ssh -F $dir/ssh_config 10.77.0.2 $dir/old"
	says 'is version 0.0.9, this ordeal is [0-9.]*: install the same'
	rc 2 here status --via "ssh -F $dir/ssh_config 10.77.0.2 $injector --policy $dir/none"
	says 'on the other machine: with --policy, standard input is a connection of a unix socket'
	rc 2 here rescue --kube --context x --via "$via"
	says 'leads to a machine'
	rc 2 here halt --via-copy
	says 'goes with --via'
	rc 2 here halt --via ''
	says 'no command'
	: >"$dir/authorized"
	rc 6 here status --via "$via"
	says 'Permission denied (.*a key that it can use by itself'
	: >"$dir/known"
	rc 6 here status --via "$via"
	says 'Host key verification failed.*; log in there by hand once'
	not holds '"halted":true' far_status
}

@test "sudo there: allowed without a password it is root; else it is said what to allow, or how to name it" {
	via="ssh -F $dir/ssh_config -l ops 10.77.0.2 sudo $injector"
	for command in "inject net.loss --percent 10% --device vb --host --for 5s" status; do
		# shellcheck disable=SC2086 # words
		rc 6 here $command --via "$via"
		says "password is required; nobody can type one: allow it with the line 'USER ALL=(root) NOPASSWD: $injector' in that machine's sudoers"
	done
	rc 6 here status --via "${via/sudo/sudo -n}"
	says "password is required; nobody can type one"
	rc 6 here status --via "${via% *} ordeal-injector"
	says "NOPASSWD: /.*/libexec/ordeal/ordeal-injector' in that machine's sudoers, and name it by that path"
	far_sudoers "ops ALL=(root) NOPASSWD: ALL"
	rc 6 here status --via "${via% *} ordeal-injector"
	says 'command not found; name the injector by its absolute path, /.*/libexec/ordeal/ordeal-injector'
	far_sudoers "ops ALL=(root) NOPASSWD: $injector"
	partition 30s || { cat "$dir/out" "$dir/err"; false; }
	far_rules | grep -q ordeal-inject
	rc 0 here status --via "$via"
	has 'net.partition *injected'
	# Who is not root there sees his own alone.
	rc 0 here status --via "${via/sudo /}"
	has 'no lease is held'
	rc 0 here halt --via "$via"
	has 'halted: 1 lease ended'
	gone_within 1
	wait "$client" || :
	rc 0 here resume --via "$via"
	# The link goes, and with it ssh: sudo hands the end of its input on.
	partition 60s
	kill -KILL "$client"
	gone_within 2
}
