# A real sshd for the tests of targets on another machine: in namespace B of net.bash, with keys, a configuration and a
# /run of its own, so that nothing but the kernel is shared with namespace A, where `ordeal` runs.

via_setup() {
	command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] || skip "openssh-server is not installed"
	command -v ssh-keygen >/dev/null || skip "openssh-client is not installed"
	net_setup
	ordeal=$BUILD_DIR/cli/ordeal
	chmod 755 "$dir"
	ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
	cp "$dir/key.pub" "$dir/authorized"
	cp /etc/shadow "$dir/shadow"
	sed -i 's/^root:[^:]*:/root:*:/' "$dir/shadow" # locked, it may not log in, by key neither
	[ -z "${machine_user:-}" ] || echo "$machine_user:*:19000::::::" >>"$dir/shadow"
	cat >"$dir/sshd_config" <<-END
		ListenAddress 10.77.0.2:2222
		ListenAddress [fd77::2]:2222
		HostKey $dir/host
		AuthorizedKeysFile $dir/authorized
		PidFile none
		StrictModes no
		UsePAM no
		PermitRootLogin yes
		PasswordAuthentication no
		LogLevel ERROR
	END
	echo "[10.77.0.2]:2222,[fd77::2]:2222 $(cut -d' ' -f1,2 "$dir/host.pub")" >"$dir/known"
	cat >"$dir/ssh_config" <<-END
		Host *
		Port 2222
		User root
		IdentityFile $dir/key
		IdentitiesOnly yes
		UserKnownHostsFile $dir/known
		GlobalKnownHostsFile none
		StrictHostKeyChecking yes
		BatchMode yes
		ControlMaster no
	END
	sshd_start
	via="ssh -F $dir/ssh_config 10.77.0.2 $injector"
	export XDG_STATE_HOME=$dir/state HOME=$dir
}

# $machine_more: what else is done on that machine before its sshd starts; $machine_user: one who is only there.
# As on a machine of its own: the undo records of B are not those of A, and its clocks are a day ahead.
sshd_start() {
	cat >"$dir/machine" <<-END
		mount --make-rprivate / && ${machine_more:-true} && mount -t tmpfs none /run && mkdir /run/sshd &&
		mount --bind "$dir/shadow" /etc/shadow && echo ready && exec $(command -v sshd || echo /usr/sbin/sshd) -D -e -f "$dir/sshd_config"
	END
	background "$dir/sshd.log" ip netns exec "$B" unshare -m -T --monotonic 86400 --boottime 86400 sh "$dir/machine"
	sshd=${started[-1]}
	for _ in $(seq 200); do
		in_a python3 -c 'import socket; socket.create_connection(("10.77.0.2", 2222), 1)' 2>/dev/null && return 0
		sleep .02
	done
	cat "$dir/sshd.log"
	return 1
}

# far COMMAND...: on the other machine.
far() { nsenter -t "$sshd" -m -n -T "$@"; }
# The rules that are in force there.
far_rules() { far nft list ruleset; }
# The leases that are held there.
far_status() { printf '{"protocol":1,"op":"status"}\n' | far "$injector"; }

# The first process of that name whose ancestor is the test's sshd: its session, its injector.
below_sshd() { pgrep -f "$1" | while read -r p; do
	a=$p
	while [ "${a:-0}" -gt 1 ]; do
		[ "$a" != "$sshd" ] || { echo "$p" && return; }
		a=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$a/stat" 2>/dev/null)
	done
done; }

# inject ARG...: in the background, its events in $dir/out; returns when it is in force (0) or has ended (1).
inject() {
	ip netns exec "$A" "$ordeal" inject "$@" --json >"$dir/out" 2>"$dir/err" 8>&- 9>&- 3>&- &
	client=$!
	started+=("$client")
	for _ in $(seq 1000); do
		grep -q '"event":"injected"' "$dir/out" && return 0
		kill -0 "$client" 2>/dev/null || return 1
		sleep .01
	done
	return 1
}

# gone_within SECONDS: nothing of ours is in force there any more.
gone_within() {
	for _ in $(seq $(($1 * 50))); do
		far_rules | grep -q ordeal || return 0
		sleep .02
	done
	far_rules
	return 1
}

# experiment FOR MORE: in $dir/e.yaml; its fault cuts this machine off from that one, and its probe notices.
experiment() {
	serve_b 10.77.0.2 7001
	cat >"$dir/e.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: far}
		spec:
		  probes:
		    - name: service
		      tcp: {host: 10.77.0.2, port: 7001}
		      every: 20ms
		      timeout: 200ms
		  steadyState: [service.ok_ratio >= 0.99 over 1s]
		  faults:
		    - name: cut
		      net.partition: {to: [{cidr: 10.77.0.1/32}]}
		      target: {host: true, via: [ssh, -F, $dir/ssh_config, "10.77.0.2", $injector]}
		      for: $1
		  limits: {targets: 1, duration: $1}
		  recovery: 5s
		  randomPhase: false
		$2
	END
}

# of KIND [STATE]: the last such line of the run's timeline.
of() {
	jq -c --arg e "$1" --arg s "${2:-}" 'select(.e == $e and ($s == "" or .state == $s))' "$dir"/state/ordeal/runs/*/run.jsonl |
		tail -n1
}

# not COMMAND...: a check, unlike `!`, whose failure bats does not see. holds TEXT COMMAND...: in what it prints.
not() { if "$@"; then return 1; fi; }
holds() {
	local text=$1
	shift
	"$@" 2>/dev/null | grep -q -- "$text"
}
