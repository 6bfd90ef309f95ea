# The ready experiment of experiments/monitoring, shortened, as one runs it who has installed ordeal: on-call is paged.

setup() {
	[ "$(id -u)" = 0 ] && "$SOURCE_DIR/tests/netns.sh" true || skip "takes root and a network namespace"
	for program in prometheus prometheus-alertmanager; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

@test "a hung store pages on-call, and the report says by which way" {
	DESTDIR=$BATS_TEST_TMPDIR/root cmake --install "$BUILD_DIR" --prefix /usr >/dev/null
	run env -u BUILD_DIR timeout 100 "$BATS_TEST_TMPDIR/root/usr/share/ordeal/experiments/monitoring/run" \
		-o "$BATS_TEST_TMPDIR" --format json \
		--set spec.repetitions=1 --set 'spec.faults[0].for=14s' --set 'spec.steadyState[0]=orders.ok_ratio >= 0.9 over 1s'
	echo "$output"
	[ "$status" = 0 ] || [ "$status" = 1 ] # a busy machine may be late
	jq -se 'map(select(.e == "stage" and .alert == "BreakerOpen") | .stage) |
		["scraped", "pending", "firing", "received", "notified"] - . == []' "$BATS_TEST_TMPDIR"/latest/run.jsonl
	jq -se 'map(select(.e == "rules")) | .[0].rules[0] | .can_fire == "yes" and .needs_ns == 9e9' "$BATS_TEST_TMPDIR"/latest/run.jsonl
}
