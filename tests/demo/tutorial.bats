# The tutorial of a game day, with exactly its own commands.

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
}

@test "one person holds the tutorial's game day" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	"$SOURCE_DIR/tests/netns.sh" true || skip "no network namespace can be made here"
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$BUILD_DIR/cli/ordeal" "$BATS_TEST_TMPDIR/bin/ordeal"
	# Who is root already needs no sudo, and a machine may have none.
	printf '#!/bin/sh\nexec "$@"\n' >"$BATS_TEST_TMPDIR/bin/sudo"
	chmod +x "$BATS_TEST_TMPDIR/bin/sudo"
	export PATH="$BATS_TEST_TMPDIR/bin:$PATH" XDG_STATE_HOME="$BATS_TEST_TMPDIR/state" DEMO_HOLD=6s
	run timeout 300 python3 "$SOURCE_DIR/tests/demo/tutorial.py" "$SOURCE_DIR/docs/tutorials/game-day.md" "$SOURCE_DIR" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	cd "$XDG_STATE_HOME/ordeal/gamedays/latest"
	# What the responder saw of the second step before it was revealed tells nothing of it.
	sed '/"e":"reveal"/,$d' responder.jsonl | grep '"step":2' >before
	[ "$(wc -l <before)" -gt 5 ]
	run grep -E 'pause|SIGSTOP|hang.*"by":"owner"|7070|store-hangs' before
	[ "$status" -eq 1 ]
	grep -q 'The second surprise | time to recover | within 5s | .* | later |' report.md
}
