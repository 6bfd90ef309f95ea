#!/usr/bin/env bats
# The bash completion, asked as bash asks it.
load support
setup() { support_setup; }
teardown() { support_teardown; }

# complete WORD...: what is offered for the last word, on one line.
complete_words() {
	bash -c '
		. "$1/docs/ordeal.bash"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ordeal
		echo "${COMPREPLY[@]}"' _ "$BUILD_DIR" ordeal "$@"
}

@test "commands" {
	[ "$(complete_words va)" = validate ]
	[[ " $(complete_words "") " == *" inject "* ]]
	[ "$(complete_words help rep)" = report ]
}

@test "faults, their parameters, and the values of these" {
	[[ " $(complete_words inject net.) " == *" net.loss "* ]]
	[[ " $(complete_words inject net.loss --per) " == *" --percent "* ]]
	[[ " $(complete_words inject net.partition --mo) " == *" --mode "* ]]
	[ "$(complete_words inject net.partition --mode re)" = reject ]
	[ "$(complete_words list fa)" = faults ]
}

@test "every command and fault of the program is known to it" {
	for c in $("$ORDEAL" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v '^$'); do
		[ "$(complete_words "$c" | tr ' ' '\n' | grep -cx -- "$c")" -ge 1 ]
	done
	for f in $("$ORDEAL" list faults --json | jq -r '.[].name'); do
		[ "$(complete_words inject "$f" | tr ' ' '\n' | grep -cxF -- "$f")" -eq 1 ]
	done
}

@test "what commands on stored runs take" {
	[[ " $(complete_words report latest --format "") " == *" junit openmetrics "*" grafana "* ]]
	[ "$(complete_words compare a b --format j)" = json ]
	[ "$(complete_words postmortem latest --style p)" = pagerduty ]
	[ "$(complete_words postmortem latest --format h)" = html ]
	[ "$(complete_words mark latest ack)" = acknowledged ]
	[ "$(complete_words compare lat)" = latest ]
	cd "$T"
	touch times.csv notes.txt
	[ "$(complete_words stats ti)" = times.csv ]
	[ -z "$(complete_words stats no)" ]
}

@test "experiments" {
	cd "$T"
	touch a.yaml b.txt
	[ "$(complete_words run a)" = a.yaml ]
	[ -z "$(complete_words run b)" ]
}
