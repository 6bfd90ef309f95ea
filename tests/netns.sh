#!/bin/sh
# netns.sh COMMAND...: runs it in a network namespace of its own, with loopback up; 77 where that is not possible.
set -u
if [ "${1:-}" = --inside ]; then
	shift
	ip link set lo up && exec "$@"
	exit 77
fi
[ "$(id -u)" = 0 ] && map= || map=-r
# shellcheck disable=SC2086 # one option or none
unshare -n $map true 2>/dev/null || {
	echo "no network namespace can be made here (CAP_SYS_ADMIN, or unprivileged user namespaces)" >&2
	exit 77
}
# shellcheck disable=SC2086
exec unshare -n $map "$0" --inside "$@"
