#!/usr/bin/env bats
# The completions of bash, fish and zsh, asked as the shells ask them.
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
	[ "$(complete_words inject proc.kill --runtime do)" = docker ]
	[ "$(complete_words report latest -f ju)" = junit ]
}

# every_word: lines whose last word is that of a command or fault of the program, whole.
every_word() {
	"$ORDEAL" help | sed -n "s/^  \([a-z][a-z]*\) .*/ordeal \1/p"
	"$ORDEAL" list faults --json | jq -r '.[] | "ordeal inject " + .name'
}

# in_fish LINE...: what is offered at the end of each, a line each: the words, sorted.
in_fish() {
	HOME=$T fish --no-config -c 'source $argv[1]; for l in $argv[2..]; echo (complete -C $l | string replace -r "\t.*" "" | sort); end' \
		"$BUILD_DIR/docs/ordeal.fish" "$@"
}

@test "fish: commands, faults, options, values, words, files" {
	command -v fish >/dev/null || skip "fish is not installed"
	cd "$T"
	touch a.yaml b.txt times.csv
	run in_fish "ordeal va" "ordeal inject net.loss --mode " "ordeal inject net.part" "ordeal inject net.loss --perc" "ordeal inject net.partition --mode " "ordeal list " \
		"ordeal help repo" "ordeal report x -f ju" "ordeal inject proc.kill --runtime do" "ordeal compare a b --format " "ordeal run a" \
		"ordeal stats t"
	echo "$output"
	[ "$status" -eq 0 ]
	diff - <(echo "$output") <<-'END'
		validate

		net.partition
		--percent
		drop reject
		faults probes
		report
		junit
		docker
		json md text
		a.yaml
		times.csv
	END
}

@test "fish: every command and fault of the program is known to it" {
	command -v fish >/dev/null || skip "fish is not installed"
	mapfile -t lines < <(every_word)
	[ "${#lines[@]}" -gt 40 ]
	in_fish "${lines[@]}" >"$T/offered"
	for i in "${!lines[@]}"; do
		offered=$(sed -n "$((i + 1))p" "$T/offered")
		echo "${lines[i]}: $offered"
		[[ " $offered " == *" ${lines[i]##* } "* ]]
	done
}

in_zsh() { HOME=$T "$SOURCE_DIR/tests/cli/zsh_complete.py" "$BUILD_DIR/docs" "$@"; }

@test "zsh: commands, faults, options, values, words, files" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	cd "$T"
	touch a.yaml b.txt times.csv
	run in_zsh "ordeal va" "ordeal inject net.part" "ordeal inject net.loss --perc" "ordeal inject net.partition --mode re" "ordeal list fa" \
		"ordeal help repo" "ordeal report x -f ju" "ordeal inject proc.kill --runtime do" "ordeal compare a b --format m" "ordeal run a" \
		"ordeal stats t" "ordeal inject net.loss --mode re" "ordeal mark latest ackn"
	echo "$output"
	[ "$status" -eq 0 ]
	diff - <(echo "$output") <<-'END'
		ordeal validate
		ordeal inject net.partition
		ordeal inject net.loss --percent
		ordeal inject net.partition --mode reject
		ordeal list faults
		ordeal help report
		ordeal report x -f junit
		ordeal inject proc.kill --runtime docker
		ordeal compare a b --format md
		ordeal run a.yaml
		ordeal stats times.csv
		ordeal inject net.loss --mode re
		ordeal mark latest acknowledged
	END
}

@test "zsh: every command and fault of the program is known to it" {
	for f in $("$ORDEAL" list faults --json | jq -r '.[].name'); do
		[ "$(grep -cF "		'$f:" "$BUILD_DIR/docs/_ordeal")" -eq 1 ]
		[ "$(grep -cxF "	$f)" "$BUILD_DIR/docs/_ordeal")" -eq 1 ]
	done
	for c in $("$ORDEAL" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		[ "$(grep -cF "		'$c:" "$BUILD_DIR/docs/_ordeal")" -eq 1 ]
	done
}

@test "experiments" {
	cd "$T"
	touch a.yaml b.txt
	[ "$(complete_words run a)" = a.yaml ]
	[ -z "$(complete_words run b)" ]
}
