#!/usr/bin/env bats
# What people say while a run lasts: it stands in the timeline, with its instant, whoever else says what.
load support
setup() {
	support_setup
	cd "$T"
	experiment marked | sed 's/for: 500ms/for: 30s/; s/duration: 1s/duration: 31s/' >marked.yaml
	sed -i 's/^  objectives: .*/  objectives: [detect(mark:on-call) within 3s, recover(after_rollback) within 2s hold 300ms]/' marked.yaml
}
teardown() { support_teardown; }

timeline() { cat "$T/state/ordeal/runs/latest/run.jsonl"; }
reached() { grep -q "\"e\":\"phase\",\"rep\":1,\"phase\":\"$1\"" "$T/state/ordeal/runs/latest/run.jsonl"; }
begin() {
	start "$ORDEAL" run marked.yaml --quiet
	within 60 reached "${1:-hold}"
}

@test "a mark and a note stand in the timeline of the run that lasts" {
	begin
	"$ORDEAL" mark latest detected --by on-call --note 'pages are "slow"'
	"$ORDEAL" note latest 'the graph is flat' --by observer
	"$ORDEAL" mark "$(basename "$(readlink "$T/state/ordeal/runs/latest")")" acknowledged --by on-call
	interrupted "$pid"
	timeline | jq -es '
		map(select(.e == "mark")) as [$a, $b] |
		$a.what == "detected" and $a.by == "on-call" and $a.note == "pages are \"slow\"" and $a.channel == "mark" and
		$a.rep == 1 and $a.t > 0 and $b.what == "acknowledged" and ($b | has("note") | not)'
	timeline | jq -es 'any(.e == "note" and .text == "the graph is flat" and .by == "observer" and .rep == 1)'
	# In order, as everything: an instant of the run's own clock.
	timeline | jq -es '[.[].t] as $t | $t == ($t | sort)'
	[ ! -e "$T/state/ordeal/runs/latest/marks" ]
}

@test "a run that is over takes no marks" {
	"$ORDEAL" run marked.yaml --quiet --set spec.faults[0].for=500ms || :
	before=$(timeline | sha256sum)
	run "$ORDEAL" mark latest detected --by on-call
	[ "$status" -eq 2 ]
	[[ $output == *"the run is not running"*"post-mortem"* ]]
	run "$ORDEAL" note latest "too late"
	[ "$status" -eq 2 ]
	[ "$before" = "$(timeline | sha256sum)" ]
}

@test "what is no mark is refused, and says what would be right" {
	begin
	run "$ORDEAL" mark latest detect --by on-call
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean 'detected'?"* ]]
	run "$ORDEAL" mark latest detected
	[ "$status" -eq 2 ]
	[[ $output == *"--by"*"'--by on-call'"* ]]
	run "$ORDEAL" mark latest detected --by "Ann Other"
	[ "$status" -eq 2 ]
	[[ $output == *"takes a role"*"person's name"* ]]
	run "$ORDEAL" note latest $'two\nlines'
	[ "$status" -eq 2 ]
	run "$ORDEAL" note latest "$(printf 'x%.0s' {1..600})"
	[ "$status" -eq 2 ]
	[[ $output == *"500 bytes"* ]]
	run "$ORDEAL" mark no-such-run detected --by on-call
	[ "$status" -eq 2 ]
	interrupted "$pid"
	timeline | jq -es 'all(.e != "mark")'
}

@test "garbage, silence and a crowd on the socket hurt nobody" {
	begin steady-before
	python3 - "$T/state/ordeal/runs/latest/marks" <<'END'
import os, random, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))  # the address of a socket is short
random.seed(7)
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("marks")
    return s
silent = [connect() for _ in range(12)]
for words in [b"", b"{", b"[]", b"{}", b"\0" * 100, b"x" * 5000, os.urandom(200), b'{"what":"detected"}',
              b'{"what":"detected","by":"On Call"}', b'{"what":"won","by":"a"}', b'{"note":"a\\nb"}', b'{"note":""}',
              b'{"what":"detected","by":"a","note":"\\u001b[2J"}', b'{"what":7,"by":[],"note":{}}']:
    s = connect()
    if words:
        s.send(words)
        reply = s.recv(500)
        assert b"error" in reply, (words, reply)
END
	within 60 reached hold
	"$ORDEAL" mark latest detected --by on-call
	interrupted "$pid"
	timeline | jq -es 'map(select(.e == "mark")) | length == 1'
}

@test "another user may not mark a run" {
	[ "$(id -u)" -eq 0 ] || skip "root is needed to be another user"
	begin
	chmod 755 "$T" "$T/state" "$T/state/ordeal" "$T/state/ordeal/runs" "$T/state/ordeal/runs/latest/"
	[ "$(stat -c %a "$T/state/ordeal/runs/latest/marks")" = 600 ]
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$ORDEAL" mark "$T/state/ordeal/runs/latest" detected --by on-call
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"only root and the user who runs it"* ]]
	# Who opened it wide is told no by the run itself.
	chmod 666 "$T/state/ordeal/runs/latest/marks"
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$ORDEAL" mark "$T/state/ordeal/runs/latest" detected --by on-call
	[ "$status" -eq 2 ]
	[[ $output == *"only root and the user who runs it"* ]]
	"$ORDEAL" mark latest detected --by on-call
	interrupted "$pid"
	timeline | jq -es 'map(select(.e == "mark")) | length == 1'
}

@test "a run that was killed leaves a socket that nobody answers, and that is said" {
	begin
	ours "$pid"
	kill -KILL "$pid"
	ended_with 137 "$pid"
	run "$ORDEAL" mark latest detected --by on-call
	[ "$status" -eq 2 ]
	[[ $output == *"the run is not running"* ]]
	"$ORDEAL" rescue >/dev/null
}
