#!/bin/sh
# alone.sh COMMAND...: as root, with a /run of its own, so that a halt, a rescue and the leases that are listed are this
# test's alone. Who is not root has a directory of his own anyway (XDG_RUNTIME_DIR).
set -u
if [ "${1:-}" = --inside ]; then
	shift
	mount -t tmpfs -o mode=755 none /run && exec "$@"
	exit 77
fi
[ "$(id -u)" = 0 ] || exec "$@"
unshare -m true 2>/dev/null || {
	echo "no mount namespace can be made here (CAP_SYS_ADMIN), and halt would end everybody's leases"
	exit 77
}
exec unshare -m --propagation private "$0" --inside "$@"
