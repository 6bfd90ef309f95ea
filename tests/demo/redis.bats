# The experiments on a real Redis, each with servers of its own in a network namespace of its own.

load systems

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
	export why=
	[ "$(id -u)" = 0 ] && "$SOURCE_DIR/tests/netns.sh" true || why="takes root and a network namespace"
	command -v redis-server >/dev/null || why="Redis is not installed"
	[ -z "$why" ] || return 0
	export runs="$BATS_FILE_TMPDIR"
	# Two at a time, as many as there are processors to look from.
	for pair in "full-disk lost-replica" full-disk-snapshots; do
		for name in $pair; do start "$name" & done
		wait
	done 3>&- >/dev/null 2>&1
}

setup() { [ -z "$why" ] || skip "$why"; }

start() {
	local rc=0
	timeout -k 1 70 "$SOURCE_DIR/experiments/redis/run" "$1" -o "$runs/$1" --quiet --format json,md >"$runs/$1.out" 2>&1 || rc=$?
	echo $rc >"$runs/$1.rc"
}

@test "full disk: writes are refused at once, reads are answered, and all is well as soon as there is room" {
	passed full-disk '.repetitions[0].probes[] | select(.name == "write") | .during.bad > 3 * .during.good' \
		'.repetitions[0].probes[] | select(.name == "read") | .during.good > 3 * .during.bad' \
		'.repetitions[0].time_to_recover_after_rollback.hi_ns < 3e9'
}

@test "full disk under snapshots: writes are refused once one has failed, until one succeeds; reads are answered" {
	passed full-disk-snapshots '.repetitions[0].probes[] | select(.name == "write") | .during.bad > 0' \
		'.repetitions[0].probes[] | select(.name == "read") | .during.good > 3 * .during.bad' \
		'.repetitions[0].recovered_by_itself == false'
}

@test "lost replica: its data is old and its link called up; a beat tells" {
	passed lost-replica '.repetitions[0].impact != null' \
		'.repetitions[0].detections[] | select(.channel == "link") | .state == "not-noticed"' \
		'.repetitions[0].probes[] | select(.name == "write") | .during.good > 3 * .during.bad'
}

@test "nothing of the servers is left" {
	[ -z "$(ps -eo args | grep '[r]edis-server 127.0.0.1:63[78][90]')" ]
}
