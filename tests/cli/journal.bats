#!/usr/bin/env bats
# A unit's lines in the journal, told by a real journald in namespaces of its own.
load support
setup() { support_setup; cd "$T"; }
teardown() { support_teardown; }

@test "what systemd says of a unit is a channel line at journald's own instant; without the right it is unknown" {
	[ "$(id -u)" -eq 0 ] || skip "root is needed for a journald of our own"
	[ -x /lib/systemd/systemd-journald ] || skip "there is no journald"
	[ -s /etc/machine-id ] || skip "this machine has no id"
	unshare --mount --pid --fork --mount-proc --propagation private true || skip "no namespaces"
	experiment journal | sed 's/for: 500ms/for: 2s/; s/duration: 1s/duration: 3s/; s/^  objectives: .*/  objectives: [detect(log:orders) within 3s]/' >journal.yaml
	cat >>journal.yaml <<'END'
  detection:
    logs: [{name: orders, unit: orders.service, match: ^breaker open}]
END
	mkdir out
	chmod 755 . # the other user reads the spec
	run unshare --mount --pid --fork --mount-proc --propagation private \
		python3 "$SOURCE_DIR/tests/support/journal_run.py" "$ORDEAL" "$T/journal.yaml" "$T/out"
	echo "$output"
	[ "$status" -eq 0 ]
	jq -c 'select(.e == "channel")' out/latest/run.jsonl
	jq -es 'map(select(.e == "channel" and .channel == "log:orders")) | map(.state) == [false, false, true] and
		(.[2] | .lo_t == .hi_t and .hi_t <= .t and .detail.text == "breaker open, and that is news" and .detail.untrusted and
		(.stamp | test("^20[0-9-]*T[0-9:.]*Z$")))' out/latest/run.jsonl
	jq -es 'map(select(.e == "phase")) as $p | map(select(.e == "channel" and .state))[0].hi_t as $t |
		$t > ($p | map(select(.phase == "hold"))[0].t) and $t < ($p | map(select(.phase == "revert"))[0].t)' out/latest/run.jsonl
	jq -c 'select(.e == "channel" or .e == "end")' out/refused.jsonl
	jq -es 'map(select(.e == "channel")) | length == 1 and .[0].state == null and (.[0].message | contains("systemd-journal"))' out/refused.jsonl
}
