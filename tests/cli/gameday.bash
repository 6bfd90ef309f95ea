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

