# What the scripts of this folder share.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
me=$(basename "$0")
begun=$(date +%s%N)
# What takes minutes to make is kept here, for every checkout.
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/ordeal

die() {
	echo "$me: $*" >&2
	exit 1
}

usage() {
	echo "usage: $me $*" >&2
	exit 2
}

say() { printf '%6d ms  %s\n' $((($(date +%s%N) - begun) / 1000000)) "$*"; }

# stat_of PID: the fields after the name in /proc/PID/stat: state is the first, the start time the twentieth.
stat_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null; }

# record PID FILE: pid and start time; together they are never used again.
record() { echo "$1 $(stat_of "$1" | cut -d' ' -f20)" >"$2"; }

# recorded FILE: its pid, if that very process still runs.
recorded() {
	local pid began state
	read -r pid began 2>/dev/null <"$1" || return 1
	read -ra state <<<"$(stat_of "$pid")"
	[ "${state[19]:-}" = "$began" ] && [ "${state[0]}" != Z ] && echo "$pid"
}

# gone FILE SECONDS: waits until the recorded process has ended.
gone() {
	local i
	for ((i = 0; i < $2 * 50; i++)); do
		recorded "$1" >/dev/null || return 0
		sleep .02
	done
	return 1
}

# finish FILE SIGNAL: ends the recorded process, with SIGKILL where it takes longer than 5 s, and forgets it.
finish() {
	local pid
	if pid=$(recorded "$1"); then
		kill "-$2" "$pid"
		kill -CONT "$pid" 2>/dev/null || : # one that is stopped takes no signal but SIGKILL
		gone "$1" 5 || { pid=$(recorded "$1") && kill -KILL "$pid" && gone "$1" 5; } || :
	fi
	rm -f "$1"
}

# launch DIR NAME: the part whose command line is in DIR/NAME.cmd, in the background, on its own.
launch() {
	local command
	mapfile -d '' -t command <"$1/$2.cmd"
	setsid "${command[@]}" </dev/null >>"$1/log/$2.log" 2>&1 3>&- 4>&- &
	record $! "$1/$2.pid"
}
