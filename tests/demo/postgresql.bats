# The experiments on a real PostgreSQL under pgbench, each with a server of its own in a network namespace of its own.

load systems

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
	export why=
	[ "$(id -u)" = 0 ] && "$SOURCE_DIR/tests/netns.sh" true || why="takes root and a network namespace"
	[ -n "$(ls /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres 2>/dev/null)" ] || why="PostgreSQL is not installed"
	[ -z "$why" ] || return 0
	export runs="$BATS_FILE_TMPDIR"
	# Two at a time: each has four customers, and three programs that look every 200 ms.
	for pair in "slow-link killed-connections" "lost-link killed-backend" full-disk; do
		for name in $pair; do start "$name" & done
		wait
	done 3>&- >/dev/null 2>&1
}

setup() { [ -z "$why" ] || skip "$why"; }

start() {
	local rc=0 extra=
	[ "$1" != lost-link ] || extra="--set spec.recovery=15s"
	# shellcheck disable=SC2086 # words
	timeout 90 "$SOURCE_DIR/experiments/postgresql/run" "$1" -o "$runs/$1" --quiet --format json,md $extra \
		--set spec.faults[0].for=4s >"$runs/$1.out" 2>&1 || rc=$?
	echo $rc >"$runs/$1.rc"
}

@test "slow link: who connects anew waits for five round trips, who stays connected works on" {
	passed slow-link '.repetitions[0].probes[] | select(.name == "connect") | .during.latency_p50_ns > 400e6 and .before.latency_p50_ns < 300e6' \
		'.repetitions[0].probes[] | select(.name == "customers") | .during.ok_ratio_ppm > 900000'
}

@test "lost link: monitoring sees it, and connections recover by retransmission after it" {
	passed lost-link '.repetitions[0].probes[] | select(.name == "connect") | .during.good == 0'
}

@test "killed connections: customers are back without help" {
	passed killed-connections '.repetitions[0].impact != null' '.repetitions[0].recovered_by_itself'
}

@test "killed backend: the server recovers by itself" {
	passed killed-backend '.repetitions[0].impact != null' '.repetitions[0].recovered_by_itself'
}

@test "full disk: the server ends itself, monitoring knows, and it is back once there is room" {
	passed full-disk '.repetitions[0].faults[0].fault == "disk.fill"' '.repetitions[0].recovered_by_itself == false' \
		'.repetitions[0].probes[] | select(.name == "connect") | .during.bad > .during.good'
}

@test "nothing of the servers is left" {
	[ -z "$(ps -eo args | grep '[o]rdeal-postgresql')" ]
}
