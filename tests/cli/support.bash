# What the suites share. Each test has a folder and a state directory of its own; each suite a /run (tests/alone.sh).
# shellcheck shell=bash

support_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-cli.XXXXXX")
	export XDG_STATE_HOME=$T/state XDG_RUNTIME_DIR=$T/run NO_COLOR=1
	mkdir -p -m 700 "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
	started=()
}

# Whether a pid is still that of a child of this shell: one that ended and was reaped may be a stranger's by now.
ours() { [ "$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat" 2>/dev/null)" = "$BASHPID" ]; }

# Ends what the test started, also where it failed.
support_teardown() {
	local pid
	for pid in "${started[@]}"; do
		ours "$pid" || continue
		kill -CONT "$pid" 2>/dev/null || :
		kill -KILL "$pid" 2>/dev/null || :
	done
	rm -rf "$T"
}

# start COMMAND...: in the background, its output in $T/out and $T/err. The pid is in $pid.
start() {
	# With job control off a background job ignores SIGINT; a person's shell does not do that.
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	started+=("$pid")
}

# A process to do things to; its pid is in $victim.
start_victim() {
	sleep 300 3>&- &
	victim=$!
	started+=("$victim")
}

# within SECONDS COMMAND...: until it succeeds.
within() {
	local end=$(($(date +%s%N) + $1 * 1000000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

has_event() { grep -q "\"event\":\"$1\"" "$T/out"; }
state_is() { [ "$(sed 's/.*) //' "/proc/$1/stat" | cut -c1)" = "$2" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }

# ended_with CODE PID: waits for the background job.
ended_with() {
	local rc=0
	wait "$2" || rc=$?
	echo "it ended with $rc"
	[ "$rc" -eq "$1" ]
}

# interrupted PID: ends a run that has shown what it had to.
interrupted() {
	kill -INT "$1"
	ended_with 3 "$1"
}

# experiment NAME: a valid experiment on standard output; $1 is its name.
experiment() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: $1}
spec:
  hypothesis: A process that is left alone stays.
  probes:
    - name: there
      exec: {command: [/bin/true]}
      every: 100ms
      timeout: 1s
  steadyState: [there.ok_ratio >= 0.5 over 500ms]
  faults:
    - name: nothing
      noop: {}
      target: {host: true}
      for: 500ms
  objectives: [recover(after_rollback) within 2s hold 300ms]
  limits: {targets: 1, duration: 1s}
END
}
