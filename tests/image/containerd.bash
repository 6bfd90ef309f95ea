# A containerd of the test's own, with nothing of the machine's.
# shellcheck shell=bash

# containerd_start DIR [cri]: its socket is in $CONTAINERD_ADDRESS afterwards; with cri it is one that a kubelet could use.
containerd_start() {
	mkdir -p "$1"
	local cri='disabled_plugins = ["io.containerd.grpc.v1.cri"]'
	# Without CAP_SYS_RESOURCE nobody may lower an OOM score, which runc reports as something else.
	[ "${2:-}" != cri ] || cri='[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "docker.io/library/box:1"
		  restrict_oom_score_adj = true'
	mount -t tmpfs none "$1" # which carries overlays, whatever is below
	cat >"$1/config.toml" <<-END
		version = 2
		root = "$1/root"
		state = "$1/state"
		$cri
		[grpc]
		  address = "$1/socket"
	END
	export CONTAINERD_ADDRESS=$1/socket
	containerd -c "$1/config.toml" >"$1/log" 2>&1 3>&- &
	containerd=$!
	within 10 ctr version
}

# Its containers would live on.
containerd_stop() {
	ctr task list -q | xargs -rn1 ctr task delete -f || :
	kill "$containerd" 2>/dev/null || return 0
	wait "$containerd" || :
}
