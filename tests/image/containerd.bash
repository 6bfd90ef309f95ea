# A containerd of the test's own, with nothing of the machine's.
# shellcheck shell=bash

# containerd_start DIR: its socket is in $CONTAINERD_ADDRESS afterwards.
containerd_start() {
	mkdir -p "$1"
	mount -t tmpfs none "$1" # which carries overlays, whatever is below
	cat >"$1/config.toml" <<-END
		version = 2
		root = "$1/root"
		state = "$1/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
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
