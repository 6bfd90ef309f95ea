# ./dev demo's script, and experiments/run, as different users meet them.

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
	export short="-q --set spec.repetitions=1 --set spec.faults[0].for=3s"
}

setup() {
	[ "$(id -u)" = 0 ] || skip "takes root, to be somebody else"
	cd "$BATS_TEST_TMPDIR"
	chmod 777 .
	export DEMO_RUNS="$BATS_TEST_TMPDIR/runs" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"
	mkdir -m 777 "$DEMO_RUNS"
}

@test "the demonstration shows the verdict and where the report is" {
	"$SOURCE_DIR/tests/netns.sh" true || skip "no network namespace can be made here"
	run "$SOURCE_DIR/experiments/demo/run" "$BUILD_DIR" $short 3>&-
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"passed: 2 of 2 objectives met"* ]]
	[[ $output == *"detect(breaker) within 2s | met"* ]]
	[ -f "$(sed -n 's/^The report: *//p' <<<"$output")" ]
}

@test "without NET_ADMIN and SYS_ADMIN it takes a fault that can run, and says why" {
	run setpriv --bounding-set=-net_admin,-sys_admin --inh-caps=-net_admin,-sys_admin \
		"$SOURCE_DIR/experiments/demo/run" "$BUILD_DIR" $short 3>&-
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"net.delay cannot run here: "*CAP_NET_ADMIN* ]]
	[[ $output == *"hung-store.yaml"* ]]
	[[ $output == *"passed: 2 of 2 objectives met"* ]]
}

@test "so does who is neither root nor in the sudoers" {
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$BUILD_DIR/cli/ordeal" ||
		skip "nobody may not read the build folder"
	# The folders of bats are closed to others. A sudo that refuses, where one is installed.
	open=$(mktemp -d)
	chmod 777 "$open"
	printf '#!/bin/sh\nexit 1\n' >"$open/sudo"
	chmod 755 "$open/sudo"
	DEMO_RUNS=$open/runs XDG_RUNTIME_DIR=$open PATH=$open:$PATH run setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$SOURCE_DIR/experiments/demo/run" "$BUILD_DIR" $short 3>&-
	rm -rf "$open"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"neither root nor sudo"* ]]
	[[ $output == *"passed: 2 of 2 objectives met"* ]]
}

@test "Ctrl-C aborts the run, reverts the fault, and stops the system afterwards" {
	"$SOURCE_DIR/tests/netns.sh" true || skip "no network namespace can be made here"
	run timeout --preserve-status -s INT 6 "$SOURCE_DIR/experiments/run" hung-store -o "$DEMO_RUNS" --format json,md 3>&-
	echo "$output"
	[ "$status" = 3 ]
	jq -e '.residue == 0' "$DEMO_RUNS"/latest/report.json
	# The service was there until the end: it was asked for its health after the abort as well.
	! grep -q '"o":"refused"' "$DEMO_RUNS"/latest/run.jsonl || false
}

@test "the system alone wants a folder, and a place that is free for its copy" {
	run "$SOURCE_DIR/experiments/run" --system nowhere
	[ "$status" = 2 ]
	[[ $output == *"--system takes a folder that there is"* ]]
	run "$SOURCE_DIR/experiments/run" --system "$SOURCE_DIR/experiments/game-day" "$BATS_TEST_TMPDIR"
	[ "$status" -ne 0 ]
	[[ $output == *"exists"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/day.yaml" ]
}
