#!/usr/bin/env bats
# What README.md and docs/tutorials/serve.md let a person type first, typed.
load support
setup() {
	support_setup
	cd "$T"
}
teardown() {
	kill "$(cat "$T/daemon" 2>/dev/null)" "$(cat "$T/server" 2>/dev/null)" 2>/dev/null || :
	support_teardown
}

@test "the five minutes of docs/tutorials/serve.md, as they stand there" {
	sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$SOURCE_DIR/docs/tutorials/serve.md" >lines
	[ "$(wc -l <lines)" -gt 20 ]
	# A port is the machine's: the whole is typed in a network of its own.
	run timeout 100 "$SOURCE_DIR/tests/netns.sh" env PATH="$BUILD_DIR/cli:$PATH" bash -ec "
		$(sed 's/server=\$!/&; echo $server >server/; s/daemon=\$!/&; echo $daemon >daemon/' lines)"
	echo "$output"
	[ "$status" -ne 77 ] || skip "no network namespace"
	[ "$status" -eq 0 ]
	[[ $output == *"web.yaml: ok"* ]]
	[[ $output == *"hang: proc.pause"* ]]
	[[ $output == *"0 schedules, 0 broken"* ]]
	[[ $output == *"web "*"scheduled"*"d1 "*"running"*"halted: "*"resumed: "*"web   aborted"*"paused"*"scheduled"* ]]
	grep 'web.yaml: web taken on' serve.log
	# Nothing of it is left.
	gone "$(cat daemon)"
	gone "$(cat server)"
}
