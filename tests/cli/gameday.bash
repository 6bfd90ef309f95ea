# What the suites of game days share: a day, and how it is told what to do.
# shellcheck shell=bash

gameday_setup() {
	support_setup
	cd "$T"
	experiment quiet-kill | sed 's/name: nothing/name: kill-the-store/; s/over 500ms/over 400ms/; s/for: 500ms/for: 400ms/; s/every: 100ms/every: 50ms/' >quiet-kill.yaml
	cat >day.yaml <<-END
		apiVersion: ordeal.dev/v1
		kind: GameDay
		metadata: {name: a-day}
		spec:
		  briefing: We learn how we notice.
		  roles:
		    - {name: owner, does: decides}
		    - {name: observer, does: watches, knows: true}
		    - {name: on-call, does: answers the pager}
		  steps:
		    - name: The first hour
		      experiment: quiet-kill.yaml
		      hidden: true
		      expect: {impact: Nobody feels it, response: none, detectWithin: 1s, recoverWithin: 2s}
		      rollback: sleep a little
		    - name: The second hour
		      experiment: quiet-kill.yaml
		      checks: [disk]
		      timeBox: 1m
		  coolDown: 0s
	END
}

# hold_day [FILE [OPTION]...]: in the background, told from elsewhere; its session is called d.
hold_day() { start "$ORDEAL" gameday run "${1:-day.yaml}" --session d --remote "${@:2}"; }
log() { cat "$T/state/ordeal/gamedays/d/session.jsonl"; }
told() { log | jq -es "any($1)"; }
# at STATE: the step that is the next has come so far.
at() { within 30 told "$1"; }
lease() { "$ORDEAL" status | grep -c noop; }
no_lease() { "$ORDEAL" status | grep -q "no lease is held"; }
long_fault() {
	sed -i 's/for: 400ms/for: 30s/; s/duration: 1s/duration: 31s/' quiet-kill.yaml
	sed -i '0,/      experiment: .*/s//&\n      checks: [disk]/' day.yaml # nothing is rehearsed
}


# ---- by the API of a daemon; its sessions are held by processes of their own

# serve_days [OPTION]...: a daemon whose folder has day.yaml, and its experiment out of sight.
serve_days() {
	if [ ! -d folder ]; then
		mkdir -p folder/hidden
		sed 's,experiment: ,&hidden/,' day.yaml >folder/day.yaml
		cp quiet-kill.yaml folder/hidden/
	fi
	# Not by `start`: it may be ended and begun again.
	"$ORDEAL" serve folder --socket "$T/s" "$@" >>"$T/serve.out" 2>&1 3>&- &
	daemon=$!
	started+=("$daemon")
	within 20 api /healthz
}

# api PATH [BODY]: the answer; a body makes it a POST. Fails unless it is 2xx.
api() { curl -sS --fail-with-body -m 20 --unix-socket "$T/s" ${2:+--json "$2"} "http://localhost$1"; }
# The same as others see it: as the bearer of that token.
# shellcheck disable=SC2154 # port is the suite's
api_as() { curl -sS -m 20 -H "Authorization: Bearer $1" ${3:+--json "$3"} "http://127.0.0.1:$port$2"; }
begin_day() { id=$(api /v1/gamedays '{"name":"a-day"}' | jq -re .id); }
day() { api "/v1/gamedays/$id" | jq -e "$@"; }
day_at() { within 30 day "$1"; }
tell_day() { api "/v1/gamedays/$id/$1" "${2:-{\}}"; }

# holder [SESSION]: who listens for it.
holder() {
	python3 -c 'import os, socket, struct, sys
os.chdir(sys.argv[1])
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("control")
print(struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])' \
		"$T/state/ordeal/gamedays/${1:-$id}"
}

# What holds a session outlives what began it: it is ended by its id, and waited for.
end_holders() {
	local folder pid
	for folder in "$T"/state/ordeal/gamedays/*/; do
		pid=$(holder "$(basename "$folder")" 2>/dev/null) || continue
		kill -TERM "$pid"
		within 20 gone "$pid" || kill -KILL "$pid"
	done
}
