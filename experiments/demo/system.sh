# Starts and stops the sample system; to be sourced (POSIX sh). $demo_bin: the folder of its programs.
# shellcheck shell=sh
# Addresses may be set before; each program ends with the shell that started it (so: not from a subshell).
: "${demo_store:=127.0.0.1:7070}" "${demo_orders:=127.0.0.1:8080}"
demo_pids=

# demo_start RATE [ORDERS-OPTION]...: RATE requests a second of background load, 0: none. 0 when the service answers.
demo_start() {
	demo_rate=$1
	shift
	"$demo_bin/demo-keep" --parent $$ "$demo_bin/demo-store" --listen "$demo_store" &
	demo_pids="$! $demo_pids"
	"$demo_bin/demo-keep" --parent $$ "$demo_bin/demo-orders" --listen "$demo_orders" --store "$demo_store" "$@" &
	demo_pids="$! $demo_pids"
	demo_wait || return 1
	[ "$demo_rate" = 0 ] && return 0
	"$demo_bin/demo-keep" --parent $$ "$demo_bin/demo-load" --target "$demo_orders" --rate "$demo_rate" >/dev/null &
	demo_pids="$! $demo_pids"
}

# Until it answers, 5 s at most.
demo_wait() {
	demo_left=50
	until "$demo_bin/demo-load" --target "$demo_orders" --rate 100 --for 10ms --errors 0 >/dev/null 2>&1; do
		demo_left=$((demo_left - 1))
		if [ $demo_left = 0 ]; then
			echo "demo: the service at $demo_orders does not answer" >&2
			return 1
		fi
		sleep 0.1
	done
}

# In the order customers, service, store. 0 where each ended in good order.
demo_stop() {
	demo_rc=0
	for demo_pid in $demo_pids; do
		# One that ended before may have left its number to a stranger: only our own child is told to end.
		demo_parent=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$demo_pid/stat" 2>/dev/null) || :
		[ "$demo_parent" != $$ ] || kill "$demo_pid" 2>/dev/null
		wait "$demo_pid" || demo_rc=1
	done
	demo_pids=
	return $demo_rc
}
