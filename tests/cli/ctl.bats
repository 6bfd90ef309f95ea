# `ordeal ctl` and the halt of a machine, with a daemon that really runs something.
load support

setup() {
	support_setup
	mkdir "$T/experiments"
	# Somebody to probe.
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0), backlog=1000)
print(s.getsockname()[1], flush=True)
while True: s.accept()[0].close()' >"$T/port" 3>&- &
	started+=($!)
	within 10 test -s "$T/port"
	cat >"$T/experiments/quiet.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: quiet}
		spec:
		  schedule: {every: 1h}
		  probes:
		    - {name: port, tcp: {host: 127.0.0.1, port: $(cat "$T/port")}, every: 100ms, timeout: 1s}
		  faults:
		    - {name: nothing, noop: {}, target: {host: {}}, at: 0s, for: 20s}
		  limits: {targets: 1, duration: 30s}
	END
	socket=$T/run/ordeal/serve.sock
	[ "$(id -u)" != 0 ] || socket=/run/ordeal/serve.sock
}
teardown() {
	[ -z "${stopped:-}" ] || kill -CONT "$stopped" || true
	support_teardown
}

serve() {
	start "$ORDEAL" serve "$T/experiments" "$@"
	daemon=$pid
	within 10 "$ORDEAL" ctl status
}
key() { "$ORDEAL" ctl runs --json | jq -er '.runs[0].key'; }
phase_is() { [ "$("$ORDEAL" ctl runs --json | jq -r '.runs[0].phase')" = "$1" ]; }
idle() { [ "$("$ORDEAL" ctl runs)" = "nothing runs, and nothing waits" ]; }

@test "without a daemon it says where it looked" {
	run "$ORDEAL" ctl status
	[ "$status" -eq 6 ]
	[[ $output == *"nobody listens on $socket; 'ordeal serve DIR' is the daemon" ]]
}

@test "verbs that are none, and names that are missing" {
	run "$ORDEAL" ctl
	[ "$status" -eq 2 ]
	[[ $output == *"it needs a verb: status, list, "*", watch or gameday; --help says what they do" ]]
	run "$ORDEAL" ctl staus
	[ "$status" -eq 2 ]
	[[ $output == *"there is no 'staus', did you mean 'status'?" ]]
	run "$ORDEAL" ctl pause
	[ "$status" -eq 2 ]
	[[ $output == *"'pause' takes the name of a schedule" ]]
	run "$ORDEAL" ctl runs orders
	[ "$status" -eq 2 ]
	[[ $output == *"'runs' takes no name" ]]
	run "$ORDEAL" ctl pause orders --by owner
	[ "$status" -eq 2 ]
	[[ $output == *"'pause' takes none of --by"* ]]
	run "$ORDEAL" ctl pause orders today
	[ "$status" -eq 2 ]
	[[ $output == *"'today' is too much behind 'pause orders'" ]]
	run "$ORDEAL" ctl gameday hodl latest
	[[ $output == *"a game day has no 'hodl'; did you mean 'hold'?" ]]
	run "$ORDEAL" ctl gameday mark latest
	[[ $output == *"'gameday mark' takes detected, acknowledged, mitigated or resolved behind the session" ]]
	run "$ORDEAL" ctl status --socket a --url b
	[ "$status" -eq 2 ]
}

@test "a schedule is looked at, paused, skipped, run and aborted" {
	serve
	run "$ORDEAL" ctl list
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == "quiet "*" scheduled "* ]]
	"$ORDEAL" ctl pause quiet | grep -q ' paused '
	"$ORDEAL" ctl unpause quiet | grep -q ' scheduled '
	"$ORDEAL" ctl skip quiet | grep -q 'skips next'
	run "$ORDEAL" ctl run nobody
	[ "$status" -eq 2 ]
	[[ $output == *"there is no schedule 'nobody'" ]]
	timeout 20 "$ORDEAL" ctl watch --json >"$T/events" 3>&- &
	started+=($!)
	"$ORDEAL" ctl run quiet
	within 10 phase_is hold
	"$ORDEAL" ctl abort "$(key)"
	within 10 idle
	within 5 grep -q '"event":"ended"' "$T/events"
	[ "$(jq -r 'select(.event == "ended") | .data.exit' "$T/events")" -eq 3 ]
	"$ORDEAL" ctl list | grep -q aborted
	kill "$daemon"
	ended_with 0 "$daemon"
	[ ! -e "$socket" ]
}

@test "a run that hangs holds up who tells it something, and nobody else" {
	serve
	"$ORDEAL" ctl run quiet
	within 10 phase_is hold
	# Whichever of its threads has started it.
	stopped=$(cat /proc/"$daemon"/task/*/children)
	stopped=${stopped%% *}
	kill -STOP "$stopped"
	curl -s --unix-socket "$socket" --json '{"note":"is it me?"}' "http://x/v1/runs/$(key)/note" >"$T/told" 3>&- &
	started+=($!)
	begin=$(date +%s%N)
	for _ in 1 2 3 4 5; do "$ORDEAL" ctl status >/dev/null; done
	[ $((($(date +%s%N) - begin) / 1000000)) -lt 4000 ]
	[ ! -s "$T/told" ]
	kill -CONT "$stopped"
	stopped=
	within 10 jq -e '.note == "is it me?"' "$T/told"
	grep -q 'is it me?' "$T"/state/ordeal/runs/2*/run.jsonl
	"$ORDEAL" ctl abort "$(key)"
	within 10 idle
}

@test "halt reaches the daemon, and resume lets it go on" {
	serve
	"$ORDEAL" ctl run quiet
	within 10 phase_is hold
	"$ORDEAL" halt
	within 10 idle
	# The mark is looked for four times a second.
	within 5 sh -c '"$0" ctl status | grep -q "^halted by "' "$ORDEAL"
	run "$ORDEAL" ctl run quiet
	[ "$status" -eq 2 ]
	"$ORDEAL" resume
	within 5 sh -c '! "$0" ctl status | grep -q halted' "$ORDEAL"
}

@test "a port with a token" {
	printf 'viewer aaaaaaaaaaaaaaaaaaaaaaaa\n' >"$T/tokens"
	printf 'aaaaaaaaaaaaaaaaaaaaaaaa\n' >"$T/mine"
	chmod 600 "$T/tokens"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	serve --listen "127.0.0.1:$port" --token-file "$T/tokens"
	run "$ORDEAL" ctl list --url "http://127.0.0.1:$port"
	[ "$status" -eq 2 ]
	[[ $output == *"Bearer TOKEN"* ]]
	"$ORDEAL" ctl list --url "http://127.0.0.1:$port" --token-file "$T/mine" | grep -q quiet
	run "$ORDEAL" ctl pause quiet --url "http://127.0.0.1:$port" --token-file "$T/mine"
	[ "$status" -eq 2 ]
	[[ $output == *"this needs an operator" ]]
}
