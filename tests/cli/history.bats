#!/usr/bin/env bats
# The history of stored runs: lists, trends, retention, and the database behind them.
load support
setup() {
	support_setup
	cd "$T"
	runs=$T/state/ordeal/runs
	db=$T/state/ordeal/history.db
	mkdir -p "$runs"
}
teardown() { support_teardown; }

# stored ID DAY MS... [KEY=JSON]... [-- ID DAY ...]...: runs below $T/state, of the DAYth of November 2026.
stored() {
	local args=()
	while [ $# -gt 0 ]; do
		args+=("$1" "wall_s=$((1793440800 + $2 * 86400))")
		shift 2
		while [ $# -gt 0 ] && [ "$1" != -- ]; do
			args+=("$1")
			shift
		done
		[ $# -eq 0 ] || { args+=("$1"); shift; }
	done
	"$SOURCE_DIR/tests/cli/stored_run.py" "$runs" "${args[@]}"
}

# Three of orders, the second of which never recovers by itself, and one of payments.
some() {
	stored 20261101T100000Z-orders-aaaaaa 1 1000 1100 1200 'labels={"team":"shop","tier":"1"}' -- \
		20261102T100000Z-orders-bbbbbb 2 3000 never never 'labels={"team":"shop","tier":"2"}' -- \
		20261103T100000Z-orders-cccccc 3 500 aborted 'labels={"team":"shop"}' -- \
		20261104T100000Z-payments-dddddd 4 700 'name="payments"' 'hash="def"' 'labels={"team":"pay"}'
}

ids() { jq -r '.runs[].id' | sed 's/.*-//' | tr '\n' ' '; }

@test "without runs there is nothing, and that is no mistake" {
	run "$ORDEAL" history
	[ "$status" -eq 0 ]
	[[ $output == *"no runs" ]]
	"$ORDEAL" history --json 2>err | jq -e '. == {"schema": 1, "runs": [], "before": null}'
	grep -q "ordeal history rebuild" err
	run "$ORDEAL" history rebuild
	[ "$status" -eq 0 ]
	[[ $output == "0 runs entered, 0 in progress, 0 that cannot be read" ]]
}

@test "a list says when, what, the verdict, and what was not reached" {
	some
	"$ORDEAL" history rebuild
	"$ORDEAL" tag 20261102T100000Z-orders-bbbbbb slow
	"$ORDEAL" history >out
	cat out
	[ "$(wc -l <out)" -eq 5 ]
	grep -qE '^2026-11-01 10:00 +orders +passed +1/1 +- +1\.22 s +- +- +20261101T100000Z-orders-aaaaaa$' out
	grep -qE '^2026-11-02 10:00 +orders +failed +0/1 +- +> 4\.90 s +[0-9]+ ms +slow +20261102T' out
	grep -qE '^2026-11-03 10:00 +orders +aborted ' out
	grep -qE '^2026-11-04 10:00 +payments +passed ' out
}

@test "filters" {
	some
	"$ORDEAL" history rebuild
	[ "$("$ORDEAL" history --json | ids)" = "aaaaaa bbbbbb cccccc dddddd " ]
	[ "$("$ORDEAL" history orders --json | ids)" = "aaaaaa bbbbbb cccccc " ]
	[ "$("$ORDEAL" history orders payments --json | ids)" = "aaaaaa bbbbbb cccccc dddddd " ]
	[ "$("$ORDEAL" history --name payments --json | ids)" = "dddddd " ]
	[ "$("$ORDEAL" history --label team=shop --json | ids)" = "aaaaaa bbbbbb cccccc " ]
	[ "$("$ORDEAL" history --label team=shop --label tier=2 --json | ids)" = "bbbbbb " ]
	[ "$("$ORDEAL" history --verdict failed --json | ids)" = "bbbbbb " ]
	[ "$("$ORDEAL" history --since 2026-11-02 --until 2026-11-03T10:00:00Z --json | ids)" = "bbbbbb " ]
	[ "$("$ORDEAL" history --last 2 --json | ids)" = "cccccc dddddd " ]
	[ "$("$ORDEAL" history orders --last 1 --json | ids)" = "cccccc " ]
	[ -z "$("$ORDEAL" history "o' OR 1=1 --" --json | ids)" ]
}

@test "what is wrong is told with what would be right" {
	try() {
		run "$ORDEAL" "$@"
		echo "$output"
		[ "$status" -eq 2 ]
	}
	try history --verdict pased
	[[ $output == *"did you mean 'passed'"* ]]
	try history --since someday
	[[ $output == *"--since: 'someday' is no time: write a day (2026-11-21)"* ]]
	try history --since 2026-11-02 --until 2026-11-01
	[[ $output == *"--since 2026-11-02 is not before --until 2026-11-01"* ]]
	try history --label team
	[[ $output == *"'team' is not K=V"* ]]
	try history --label a=1 --label a=2
	[[ $output == *"no run is in that"* ]]
	try history --last 0
	[[ $output == *"give 1 or more"* ]]
	try history --keep-last 3
	[[ $output == *"goes with 'ordeal history prune', and nothing is removed without that word"* ]]
	try history prune
	[[ $output == *"nothing says what may go: give --keep-for 90d"* ]]
	try history prune --keep-for 90
	[[ $output == *"--keep-for: "* ]]
	try history prune --max-size big
	[[ $output == *"--max-size: "* ]]
	try history prune orders --keep-last 1
	[[ $output == *"takes no name"* ]]
	try history rebuild --dry-run
	[[ $output == *"--dry-run does not go with 'ordeal history rebuild'"* ]]
	try history rebuild -o "$T/nowhere"
	[[ $output == *"--output: '$T/nowhere' is no folder with runs in it"* ]]
	[ ! -e "$T/nowhere" ]
	try trend orders
	[[ $output == *"there is no run of 'orders' in the history"* ]]
	try trend orders --figure ttr
	[[ $output == *"there is no figure 'ttr'; there are ttr_self"* ]]
}

@test "a trend: a line a run on one scale, and where the plan changed" {
	some
	# Another seed and another label are the same experiment; another recovery time is not.
	stored 20261104T110000Z-orders-ffffff 4 1300 1300 'hash="drawn"' seed=99 'labels={"gameday":"spring"}'
	stored 20261105T100000Z-orders-eeeeee 5 2000 2100 'hash="other"' recovery_ns=6000000000
	"$ORDEAL" history rebuild
	"$ORDEAL" trend orders >out
	cat out
	grep -q '^orders, ttr_self: 5 runs' out
	grep -qE '^2026-11-01 10:00 +passed +3 +1\.22 s +1\.32 s +#+-* .*aaaaaa$' out
	grep -qE '^2026-11-02 10:00 +failed +3 +> 4\.90 s +> 4\.90 s +#+> .*bbbbbb$' out
	grep -qE '^--- another plan from here on, [0-9a-f]{12}: what is above is of another experiment$' out
	[ "$(grep -n 'another plan' out | cut -d: -f1)" -lt "$(grep -n eeeeee out | cut -d: -f1)" ]
	"$ORDEAL" trend orders --json |
		jq -e '.figure == "ttr_self" and (.plans | map(.runs) == [4, 1]) and (.runs[1].figure | .n == 3 and .never == 2 and .median_ns == null)'
	"$ORDEAL" trend orders --figure ttr_after --json | jq -e '.runs[0].figure == null and .runs[1].figure.n == 2'
	run "$ORDEAL" trend orders --figure ttd:breaker
	[ "$status" -eq 2 ]
	[[ $output == *"'ttd:breaker'; there are "*ttr_self* ]]
}

@test "a trend finds a change among enough runs of one plan" {
	local k all=()
	for k in 1 2 3 4 5 6 7 8 9 10 11 12; do
		all+=(-- "$(printf '202611%02dT100000Z-orders-%06d' $k $k)" $k $((k <= 6 ? 1000 + k % 2 * 100 : 3000 + k % 2 * 100)))
	done
	stored "${all[@]:1}"
	"$ORDEAL" history rebuild
	"$ORDEAL" trend orders >out
	cat out
	grep -q "^a change at 20261107T100000Z-orders-000007: the runs' medians were 1\.[0-9]* s (median of 6), and are 3\.[0-9]* s (of 6)$" out
	"$ORDEAL" trend orders --last 9 >out
	grep -q "^no change is looked for in 9 runs with the figure: it takes 10 of one plan$" out
}

@test "pruning: by count, age and size; tagged runs and the last that passed stay" {
	some
	"$ORDEAL" history rebuild
	"$ORDEAL" history prune --keep-last 1 --dry-run >out
	cat out
	grep -q '^would remove 20261102T100000Z-orders-bbbbbb: not of the last 1$' out
	grep -q '^would remove 1 of 4 runs, ' out
	[ -d "$runs/20261102T100000Z-orders-bbbbbb" ]
	"$ORDEAL" tag 20261102T100000Z-orders-bbbbbb slow
	"$ORDEAL" history prune --keep-last 1 --json | jq -e '.removed == []'
	"$ORDEAL" tag --remove slow
	"$ORDEAL" history prune --keep-last 1
	[ ! -e "$runs/20261102T100000Z-orders-bbbbbb" ]
	[ "$("$ORDEAL" history --json | ids)" = "aaaaaa cccccc dddddd " ]
	"$ORDEAL" history prune --max-size 0 2>err
	grep -q "that is still more than 0B: the rest is tagged, in progress, the last that passed" err
	[ "$("$ORDEAL" history --json | ids)" = "aaaaaa dddddd " ]
	ln -s 20261104T100000Z-payments-dddddd "$runs/latest"
	stored 20261105T100000Z-orders-eeeeee 5 900
	"$ORDEAL" history rebuild
	"$ORDEAL" history prune --keep-for 1s
	[ "$("$ORDEAL" history --json | ids)" = "dddddd eeeeee " ]
	[ -e "$runs/latest/run.jsonl" ]
}

@test "a row whose folder went is shown as gone, and pruned; what was half removed is swept" {
	some
	"$ORDEAL" history rebuild
	mv "$runs/20261101T100000Z-orders-aaaaaa" "$runs/.removed-20261101T100000Z-orders-aaaaaa"
	"$ORDEAL" history | grep -q 'aaaaaa (its folder is gone)$'
	"$ORDEAL" history prune --keep-last 9 >out
	grep -q 'aaaaaa: its folder is gone$' out
	[ "$("$ORDEAL" history --json | ids)" = "bbbbbb cccccc dddddd " ]
	[ ! -e "$runs/.removed-20261101T100000Z-orders-aaaaaa" ]
}

@test "a run enters itself at its end, beside --output too; what fails is a warning alone" {
	experiment one >one.yaml
	"$ORDEAL" run one.yaml -q
	"$ORDEAL" history --json | jq -e '.runs | length == 1 and .[0].name == "one" and .[0].verdict == "passed" and .[0].objectives != null'
	"$ORDEAL" run one.yaml -q -o "$T/elsewhere"
	"$ORDEAL" history -o "$T/elsewhere" --json | jq -e '.runs | length == 1'
	[ "$("$ORDEAL" history --json | jq '.runs | length')" -eq 1 ]
	rm "$T/elsewhere"/history*
	mkdir "$T/elsewhere/history.lock"
	"$ORDEAL" run one.yaml -q -o "$T/elsewhere" 2>err
	grep -q "warning: the run is not in the history .*history.lock" err
}

@test "a run's end does not wait for the history, and a rebuild finds what is not in it" {
	experiment one >one.yaml
	"$ORDEAL" run one.yaml -q
	start flock --no-fork "$T/state/ordeal/history.lock" sleep 60
	within 10 bash -c '! flock -n "$1" true' - "$T/state/ordeal/history.lock"
	run "$ORDEAL" run one.yaml -q
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"not in the history ('ordeal history rebuild' puts it there): another ordeal has held "*"history.lock' for 500ms"* ]]
	kill "$pid"
	wait "$pid" || true
	[ "$("$ORDEAL" history --json | jq '.runs | length')" -eq 1 ]
	"$ORDEAL" history rebuild
	[ "$("$ORDEAL" history --json | jq '.runs | length')" -eq 2 ]
}

@test "a rebuild leaves a run in progress out, which enters itself; a reader goes on with what it has" {
	some
	"$ORDEAL" history rebuild
	# A reader that has begun sees the database of then, wholly.
	python3 - "$ORDEAL" "$db" <<'END'
import sqlite3, subprocess, sys
db = sqlite3.connect(sys.argv[2])
rows = db.execute("SELECT folder FROM runs ORDER BY folder")
first = rows.fetchone()
subprocess.run([sys.argv[1], "history", "rebuild"], check=True, capture_output=True)
assert first and len(rows.fetchall()) == 3
assert db.execute("SELECT count(*) FROM runs").fetchone() == (4,)
END
	experiment one | sed 's/for: 500ms/for: 30s/; s/duration: 1s/duration: 40s/' >one.yaml
	start "$ORDEAL" run one.yaml
	within 10 test -S "$runs/latest/marks"
	run "$ORDEAL" history rebuild
	echo "$output"
	[[ $output == *"it is in progress, and enters itself at its end"* ]]
	[[ $output == *"4 runs entered, 1 in progress, 0 that cannot be read" ]]
	"$ORDEAL" report latest >/dev/null
	[ "$("$ORDEAL" history one --json | jq '.runs | length')" -eq 0 ]
	kill -INT "$pid"
	ended_with 3 "$pid"
	"$ORDEAL" history one --json | jq -e '.runs | length == 1 and .[0].verdict == "aborted"'
}

@test "a broken timeline is left out with its name; the database of a newer version is refused, and rebuilt" {
	some
	mkdir "$runs/20261109T100000Z-broken-ffffff"
	echo "no timeline" >"$runs/20261109T100000Z-broken-ffffff/run.jsonl"
	run "$ORDEAL" history rebuild
	[ "$status" -eq 0 ]
	[[ $output == *"left out: 20261109T100000Z-broken-ffffff: "* ]]
	[[ $output == *"4 runs entered, 0 in progress, 1 that cannot be read" ]]
	python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA user_version = 99")' "$db"
	run "$ORDEAL" history
	[ "$status" -eq 2 ]
	[[ $output == *"is of version 99, and this ordeal knows 4: use the ordeal that wrote it, or \`ordeal history rebuild\`"* ]]
	"$ORDEAL" history rebuild
	[ "$("$ORDEAL" history --json | jq '.runs | length')" -eq 4 ]
	cat /dev/zero | head -c 20000 | tr '\0' x >"$(readlink -f "$db")"
	run "$ORDEAL" history
	[ "$status" -eq 6 ]
	[[ $output == *"ordeal history rebuild"* ]]
	"$ORDEAL" history rebuild
	[ "$("$ORDEAL" history --json | jq '.runs | length')" -eq 4 ]
	# Two databases at most: that of now, and the one before it.
	[ "$(find "$T/state/ordeal" -name 'history-*.db' | wc -l)" -eq 2 ]
}

@test "a run that was cut off enters the history when its report is made" {
	some
	"$ORDEAL" history rebuild
	stored 20261106T100000Z-orders-ffffff 6 900
	# As a machine that lost its power leaves it.
	sed -i '/"e":"end"/d' "$runs/20261106T100000Z-orders-ffffff/run.jsonl"
	[ "$("$ORDEAL" history --json | ids)" = "aaaaaa bbbbbb cccccc dddddd " ]
	"$ORDEAL" report 20261106T100000Z-orders-ffffff
	"$ORDEAL" history --json --last 1 | jq -e '.runs[0] | .verdict == "error" and .interrupted == null and (.text | contains("cut off"))'
	mkdir "$T/state/ordeal/missed"
	printf '\n%s\n' '{"outcome":"interrupted","name":"orders","reason":"restart","text":"","run":"20261106T100000Z-orders-ffffff","planned_ns":1793959200000000000,"last_ns":1793959200000000000,"times":1,"at_ns":1793959300000000000}' \
		'{"outcome":"skipped","name":"payments","reason":"catch-up","text":"it\u001b[31m was\noff","run":"","planned_ns":1793872800000000000,"last_ns":1793959200000000000,"times":25,"at_ns":1793959300000000000}' \
		>"$T/state/ordeal/missed/2026-11.jsonl"
	for again in 1 2; do
		"$ORDEAL" history >out
		cat out
		grep -qE '^2026-11-06 10:00 +orders +error .*ffffff \(interrupted: restart\)$' out
		grep -qE '^2026-11-05 10:00 +payments +skipped +catch-up, 25 planned until 2026-11-06 10:00: it.*was.*off$' out
		[ "$(grep -c $'\e' out)" -eq 0 ]
		[ "$("$ORDEAL" history --verdict interrupted --json | ids)" = "ffffff " ]
		# Neither a rebuild nor a prune by size takes what the database did not make.
		"$ORDEAL" history rebuild
		"$ORDEAL" history prune --max-size 1GiB
	done
	"$ORDEAL" trend orders --json | jq -e '.runs | length == 4'
}

@test "pages: each run once" {
	some
	"$ORDEAL" history rebuild
	"$ORDEAL" history --last 3 --json >page
	[ "$(ids <page)" = "bbbbbb cccccc dddddd " ]
	jq -e '.before == "\(.runs[0].started_ns):20261102T100000Z-orders-bbbbbb"' page
	"$ORDEAL" history --last 4 --json | jq -e '.before == null'
}

@test "what is printed is as its schema has it, and other things are not" {
	some
	stored 20261105T100000Z-orders-eeeeee 5 2000 2100 recovery_ns=6000000000
	mkdir -p "$T/state/ordeal/missed"
	printf '\n%s\n' '{"outcome":"skipped","name":"payments","reason":"forbid","text":"","run":"","planned_ns":1793872800000000000,"last_ns":1793872800000000000,"times":1,"at_ns":1793959300000000000,"labels":{"a":"b"}}' >"$T/state/ordeal/missed/2026-11.jsonl"
	"$ORDEAL" history rebuild
	"$ORDEAL" history --json >list
	"$ORDEAL" trend orders --json >trend
	python3 - "$SOURCE_DIR/docs/formats/history.schema.json" list trend <<'END'
import copy, json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
valid = Draft202012Validator(schema).is_valid
page, trend = (json.load(open(name)) for name in sys.argv[2:])
assert valid(page) and len(page["runs"]) == 6 and page["runs"][-1]["verdict"] == "skipped"
assert valid(trend) and valid({"schema": 1, "run": page["runs"][0]})
def spoilt(of, change):
    of = copy.deepcopy(of)
    change(of)
    assert not valid(of)
spoilt(page, lambda p: p["runs"][0].pop("verdict"))
spoilt(page, lambda p: p["runs"][0].update(verdict="skipped"))
spoilt(page, lambda p: p["runs"][-1].update(times=0))
spoilt(page, lambda p: p["runs"][0]["figures"].update(mttr={}))
spoilt(page, lambda p: p["runs"][0]["figures"]["ttr_self"].update(n=0))
spoilt(trend, lambda t: t["runs"][0].pop("figure"))
spoilt(trend, lambda t: t["plans"][0].update(changes=[{"run": 1, "p": 0.001}]))
END
}

# Root may write everywhere, but not without its capabilities. (Another user might not reach the program.)
reader() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-all "$@"
	else
		"$@"
	fi
}

@test "a state directory that is read-only is read" {
	some
	"$ORDEAL" history rebuild
	chmod -R a+rX "$T"
	chmod a-w "$T/state/ordeal"
	reader "$ORDEAL" history --json >out || {
		chmod u+w "$T/state/ordeal"
		false
	}
	run reader "$ORDEAL" history rebuild
	chmod u+w "$T/state/ordeal"
	[ "$(ids <out)" = "aaaaaa bbbbbb cccccc dddddd " ]
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"history-"*": unable to open database file"* ]]
}

@test "a disk that is full: the old history stays, and the next rebuild has room" {
	unshare -rm mount -t tmpfs none "$T" 2>/dev/null || skip "no tmpfs can be mounted in a namespace here"
	some
	"$ORDEAL" history rebuild
	mkdir "$T/small"
	unshare -rm bash -euc 'mount -t tmpfs -o size=1m none "$1/small"
		cp -a "$1/state/." "$1/small/"
		export XDG_STATE_HOME=$1/small
		dd if=/dev/zero of="$1/small/fill" bs=4k status=none 2>/dev/null || true
		rc=0
		"$2" history rebuild 2>"$1/err" || rc=$?
		[ "$rc" -eq 6 ]
		"$2" history --json >"$1/full"
		rm "$1/small/fill"
		"$2" history rebuild
		"$2" history --json >"$1/after"' - "$T" "$ORDEAL"
	cat err
	grep -qE "full|No space" err
	[ "$(ids <full)" = "aaaaaa bbbbbb cccccc dddddd " ]
	[ "$(ids <after)" = "aaaaaa bbbbbb cccccc dddddd " ]
}

@test "a clock that was wrong: what started in the future stays, what started long ago is listed" {
	stored 20261101T100000Z-orders-aaaaaa 1 1000
	"$SOURCE_DIR/tests/cli/stored_run.py" "$runs" 21000101T000000Z-orders-eeeeee 900 wall_s=4102444800 -- \
		19700101T000001Z-orders-cccccc never wall_s=1
	"$ORDEAL" history rebuild
	[ "$("$ORDEAL" history --json | ids)" = "cccccc aaaaaa eeeeee " ]
	"$ORDEAL" trend orders >out
	grep -q '^2100-01-01 00:00 ' out
	"$ORDEAL" history prune --keep-for 36500d
	[ "$("$ORDEAL" history --json | ids)" = "cccccc aaaaaa eeeeee " ]
	"$ORDEAL" history prune --keep-for 1d
	[ "$("$ORDEAL" history --json | ids)" = "eeeeee " ]
}
