#!/usr/bin/env bats
# `ordeal stats`: plain tables of times and values.
load support
setup() {
	support_setup
	cat >"$T/times.csv" <<'END'
time,event,group
2.1,1,old
2.4,1,old
2.6,1,old
3.0,1,old
3.7,1,old
3.9,1,new
30,0,new
3.1,1,new
5.2,1,new
30,0,new
END
	cat >"$T/shaped.csv" <<'END'
time,event
2.1,1
2.4,1
2.4,1
3.0,1
3.7,1
5.2,1
8.8,1
30,0
30,0
30,0
END
}
teardown() { support_teardown; }

# json JQ-TEST ARGUMENT...: holds of the command's JSON.
json() {
	local test=$1
	shift
	"$ORDEAL" stats --json "$@" >"$T/out.json"
	jq -e "def near(x): (. - x) | fabs < 1e-9 * (1 + (x | fabs)); $test" "$T/out.json" >"$T/holds" || {
		echo "does not hold of the output: $test"
		head -c 2000 "$T/out.json"
		return 1
	}
}

# says TEXT ARGUMENT...: the text form holds it.
says() {
	local text=$1
	shift
	run "$ORDEAL" stats "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$text"* ]]
}

# wrong MESSAGE ARGUMENT...
wrong() {
	local expected=$1
	shift
	run "$ORDEAL" stats "$@"
	echo "got: $output"
	[ "$status" -eq 2 ]
	[ "$output" = "ordeal: stats: $expected" ]
}

# table LINE...: as $T/t.csv
table() { printf '%s\n' "$@" >"$T/t.csv"; }

@test "two groups: the exact test, and the one that is too sure" {
	json '.comparisons[0].log_rank_exact | .u, .p | type == "number"' "$T/times.csv"
	json '.comparisons[0].log_rank_exact.p | near(4 / 252)' "$T/times.csv"
	json '.comparisons[0].log_rank_exact | .exact and .relabellings == 252 and .as_extreme == 4 and .seed == null' "$T/times.csv"
	json '.comparisons[0].log_rank.p | near(0.00641656683106)' "$T/times.csv"
	json '.comparisons[0] | .n == [5, 5] and .p_by == "log_rank_exact" and (has("mann_whitney") | not)' "$T/times.csv"
	says 'log-rank, exact  p = 0.015873 (n = 5 + 5; all 252 relabellings)' "$T/times.csv"
}

@test "a timeout is no time" {
	json '.groups[0] | .n == 10 and .events == 7 and .censored == 3' "$T/shaped.csv"
	json '.groups[0].quantiles[] | select(.p == 0.5).value | near(4.45)' "$T/shaped.csv"
	json '.groups[0].quantiles[] | select(.p == 0.5).log | .[0] == 2.4 and .[1] == null' "$T/shaped.csv"
	json '.groups[0].restricted_mean | .tau == 30 and (.value | near(11.76)) and (.extended | not)' "$T/shaped.csv"
	json '[.groups[0].curve[].survival] | map(. * 10 | round) == [9, 7, 6, 5, 4, 3]' "$T/shaped.csv"
	says 'mean time within the first 30: 11.76 (standard error 3.82116), 3 censored' "$T/shaped.csv"
	[[ $output != *[Mm]ean:* ]]
}

@test "nothing is claimed that so few do not allow" {
	says 'a claim about p90 needs >= 29 values, here are 10' "$T/shaped.csv"
	[[ $output != *"  p90 "* ]]
	json '[.groups[0].quantiles[].p] == [0.25, 0.5, 0.75]' "$T/shaped.csv"
	{ echo value; seq 28; } >"$T/t.csv"
	json '[.groups[0].quantiles_of_values[].p] == [0.25, 0.5, 0.75]' "$T/t.csv"
	echo 29 >>"$T/t.csv"
	json '[.groups[0].quantiles_of_values[].p] == [0.25, 0.5, 0.75, 0.9]' "$T/t.csv"
	json '.groups[0].quantiles_of_values[3].upper_bound == 29' "$T/t.csv"
	table value 1 2 3 4 5
	says 'an interval of the median needs >= 6 values, here are 5' "$T/t.csv"
	json '.groups[0].median | .value == 3 and .lo == null and .hi == null' "$T/t.csv"
	table value,group 1,a 2,a 3,b 4,b
	says 'need >= 4 of each' "$T/t.csv"
	json '.comparisons[0].shift | .lo == null and .hi == null and .confidence == 0' "$T/t.csv"
}

@test "every p stands beside its n" {
	table time,event,group 1,1,a 2,1,a 3,0,b 4,1,b 5,1,c 6,1,c
	run "$ORDEAL" stats "$T/t.csv"
	[ "$(grep -c 'p = ' <<<"$output")" -ge 9 ]
	[ "$(grep 'p = ' <<<"$output" | grep -vc '(n = [0-9]* + [0-9]*;')" -eq 0 ]
}

@test "values: exact ranks, shift and ratio" {
	table value,group .80,x .83,x 1.89,x 1.04,x 1.45,x 1.38,x 1.91,x 1.64,x .73,x 1.46,x 1.15,y .88,y .90,y .74,y 1.21,y
	json '.comparisons[0].mann_whitney | .method == "exact" and (.p | near(0.254412254412)) and .w == 15' "$T/t.csv"
	json '.comparisons[0].shift | (.value | near(-0.305)) and (.lo | near(-0.76)) and (.hi | near(0.15))' "$T/t.csv"
	json '.comparisons[0].p_by == "mann_whitney"' "$T/t.csv"
	table value,group -1,x 2,x 3,y 4,y # a ratio needs values above 0
	json '.comparisons[0].ratio == null and .comparisons[0].shift.value == 3' "$T/t.csv"
}

@test "more than two groups: each two, and Holm" {
	table value,group 1,a 2,a 3,a 4,a 5,b 6,b 7,b 8,b 5.5,c 6.5,c 7.5,c 8.5,c
	json '.comparisons | length == 3 and map(.first + .second) == ["ab", "ac", "bc"]' "$T/t.csv"
	json '.comparisons | map(.p_holm) | (.[0] | near(3 * 2 / 70)) and (.[1] | near(3 * 2 / 70)) and .[2] >= .[0]' "$T/t.csv"
	says 'over 3 comparisons' "$T/t.csv"
	{ echo value,group; for i in $(seq 21); do echo "1,g$i"; done; } >"$T/t.csv"
	wrong "$T/t.csv:22:3: more than 20 groups" "$T/t.csv"
}

@test "--by names the column of the groups" {
	sed 's/group/version/' "$T/times.csv" >"$T/t.csv"
	json '.groups | length == 1' "$T/t.csv"
	json '.groups | map(.name) == ["old", "new"]' --by version "$T/t.csv"
	wrong "$T/t.csv:1:1: no column 'versoin' (--by)" --by versoin "$T/t.csv"
}

@test "what spreadsheets write is read, and standard input" {
	{ printf '\xef\xbb\xbf'; sed 's/^/"/; s/,/","/g; s/$/"\r/' "$T/times.csv"; printf '\r\n\r\n'; } >"$T/t.csv"
	"$ORDEAL" stats --json "$T/times.csv" >"$T/one"
	"$ORDEAL" stats --json "$T/t.csv" >"$T/two"
	cmp "$T/one" "$T/two"
	"$ORDEAL" stats --json - <"$T/t.csv" | cmp - "$T/one"
}

@test "mistakes are said with line and column" {
	table time,event 1,1 2,2
	wrong "$T/t.csv:3:3: event is '2': write 1 for an event, 0 for censored" "$T/t.csv"
	table time,event 1,1 x,1
	wrong "$T/t.csv:3:1: time is 'x', which is no finite number" "$T/t.csv"
	table time,event 1,1 '"2,5",1'
	wrong "$T/t.csv:3:1: time is '2,5': write a point for the decimals, and no other separator" "$T/t.csv"
	table time,event -1,1
	wrong "$T/t.csv:2:1: a time below 0" "$T/t.csv"
	table time,event,group 1,1,
	wrong "$T/t.csv:2:5: no group here" "$T/t.csv"
	table time,event
	wrong "$T/t.csv:1:1: no row after the header" "$T/t.csv"
	table time 1
	run "$ORDEAL" stats "$T/t.csv"
	[ "$status" -eq 2 ]
	[[ $output == *"no column 'event'; what is read is 'time,event[,group]'"* ]]
	table a,b 1,2
	run "$ORDEAL" stats "$T/t.csv"
	[ "$status" -eq 2 ]
	[[ $output == *"no column 'time' or 'value'"* ]]
	run "$ORDEAL" stats "$T/none.csv"
	[ "$status" -eq 2 ]
	[[ $output == *"No such file"* ]]
	wrong "--cusum: '1,2' is not MEAN,K,H: three numbers, as in --cusum 10,0.5,5" --cusum 1,2 "$T/t.csv"
	wrong "--cusum: '1,2,3,4' is not MEAN,K,H: three numbers, as in --cusum 10,0.5,5" --cusum 1,2,3,4 "$T/t.csv"
	wrong "--by does not go with --cusum or --segments, which read one series" --by x --segments "$T/t.csv"
	wrong "--confidence: 40 is not within 50% and 99.99%" --confidence 40 "$T/t.csv"
	wrong "--tau: '-3' is no number above 0" --tau -3 "$T/t.csv"
}

@test "what is no table says so, and a full disk is an error" {
	table 1,1 2,0
	wrong "$T/t.csv:1:1: there are numbers only: the first line names the columns" "$T/t.csv"
	table 'time;event' '1;1'
	wrong "$T/t.csv:1:1: one column 'time;event': put commas between columns" "$T/t.csv"
	for bad in NaN inf -Infinity 0x1p3 1e999 '1 2'; do
		table time,event 1,1 "$bad,0"
		wrong "$T/t.csv:3:1: time is '$bad', which is no finite number" "$T/t.csv"
	done
	table value 1 1e101
	wrong "$T/t.csv:3:1: beyond 1e100 nothing is computed" "$T/t.csv"
	printf 'time,event\n1,1\n2\0,1\n' >"$T/t.csv"
	wrong "$T/t.csv:3:2: a NUL byte: this is no text" "$T/t.csv"
	: >"$T/t.csv"
	wrong "$T/t.csv: it is empty; the first line names the columns" "$T/t.csv"
	run "$ORDEAL" stats /dev/zero
	[ "$status" -eq 2 ]
	[[ $output == *"larger than the limit"* ]]
	run "$ORDEAL" stats "$T"
	[ "$status" -eq 2 ]
	[[ $output == *"Is a directory"* ]]
	for form in --json ''; do
		run bash -c '"$0" stats $1 "$2" >/dev/full' "$ORDEAL" "$form" "$T/times.csv"
		[ "$status" -eq 6 ]
		[[ $output == *"No space left on device"* ]]
	done
}

@test "values at both ends of what is read" {
	table value,group 1e100,a -1e100,a 1e-300,a 0,b 1e100,b -1e100,b
	json '.comparisons[0] | .p > 0 and (.shift.value | type == "number")' "$T/t.csv"
	json '.segments | .n == 6 and .changes == []' --segments "$T/t.csv"
	json '.cusum.alarm_up.sum == 2e100 and (.cusum.up | all(type == "number"))' --cusum -1e100,0,5 "$T/t.csv"
	wrong "--cusum: '-1e101,0,5' is not MEAN,K,H: three numbers, as in --cusum 10,0.5,5" --cusum -1e101,0,5 "$T/t.csv"
	table time,event,group 1e100,1,a 1e100,0,a 1e-300,1,b 1e100,1,b
	json '.comparisons[0].log_rank_exact.p <= 1 and (.groups[1].restricted_mean.value | type == "number")' "$T/t.csv"
}

@test "200,000 rows: seconds, and no curve of them" {
	awk 'BEGIN {print "time,event"; for (i = 0; i < 200000; i++) printf "%d.%d,%d\n", i * 7919 % 200000, i % 10, (i % 9 > 0)}' >"$T/t.csv"
	timeout 60 "$ORDEAL" stats --json "$T/t.csv" >"$T/out.json"
	[ "$(stat -c %s "$T/out.json")" -lt 10000 ]
	jq -e '.groups[0] | .n == 200000 and .curve == null and (.quantiles | length == 6)' "$T/out.json"
}

@test "what is drawn says its seed, and the seed decides it" {
	{ echo time,event,group; for i in $(seq 15); do echo "$i,1,a"; echo "$((i + 3)).5,$((i % 5 ? 1 : 0)),b"; done; } >"$T/t.csv"
	json '.comparisons[0].log_rank_exact | (.exact | not) and .relabellings == 200000 and .seed == 7' --seed 7 "$T/t.csv"
	cp "$T/out.json" "$T/one"
	json true --seed 7 "$T/t.csv"
	cmp "$T/one" "$T/out.json"
	json true --seed 8 "$T/t.csv"
	! cmp -s "$T/one" "$T/out.json" || false
	says 'drawn: 200000 relabellings, seed 7)' --seed 7 "$T/t.csv"
}

@test "extremes: one value, all censored, all equal; JSON stays JSON" {
	table time,event 7,1
	json '.groups[0].quantiles[] | select(.p == 0.5) | .value == 7 and .loglog == [null, null]' "$T/t.csv"
	table time,event 7,0 8,0
	json '.groups[0] | .quantiles[1].value == null and .curve == [] and .longest_event == null' "$T/t.csv"
	says 'median     not reached' "$T/t.csv"
	table time,event,group 30,0,a 30,0,a 30,0,b
	json '.comparisons[0] | .log_rank.p == null and .log_rank_exact.p == 1 and .p == 1' "$T/t.csv"
	table time,event,group 5,1,a 5,1,a 5,1,b 5,1,b
	json '.comparisons[0] | .mann_whitney.p == 1 and .mann_whitney.all_equal and .mann_whitney.p_normal == null' "$T/t.csv"
	table time,event 0,1 0,0
	json '.groups[0].restricted_mean.value == 0' "$T/t.csv"
	# the last is an event: S is 0, its bands are not defined
	table time,event 1,1 2,1
	json '.groups[0].curve[1] | .survival == 0 and .se == null and .log == [null, null]' "$T/t.csv"
	! grep -qiE 'nan|inf' "$T/out.json" || false
}

@test "cumulative sums: Montgomery's table" {
	printf '%s\n' value 9.45 7.99 9.29 11.66 12.16 10.18 8.04 11.46 9.20 10.34 9.03 11.47 10.51 9.40 10.08 9.37 10.62 10.31 8.52 10.84 \
		10.90 9.33 12.29 11.50 10.60 11.08 10.38 11.62 11.31 10.52 >"$T/t.csv"
	json '.cusum.alarm_up | .row == 29 and .line == 30 and .onset_row == 23 and (.sum | near(5.28))' --cusum 10,.5,5 "$T/t.csv"
	json '(.cusum.up | length == 30) and (.cusum.up[29] | near(5.3)) and (.cusum | has("alarm_down") | not)' --cusum 10,.5,5 "$T/t.csv"
	says 'alarm at value 29 (line 30, sum 5.28), begun at value 23 (line 24)' --cusum 10,.5,5 "$T/t.csv"
}

@test "segments: where a series changes" {
	printf '%s\n' value .3 2.4 1.5 -.9 -.5 99.7 98.3 99.1 149.0 149.7 149.5 149.1 148.8 150.0 >"$T/t.csv"
	json '[.segments.changes[].row] == [6, 9] and (.segments.parts | map(.n) == [5, 3, 6])' --segments "$T/t.csv"
	says '2 changes in 14 values' --segments "$T/t.csv"
	table value 1 1 1 1
	says '0 changes in 4 values' --segments "$T/t.csv"
	# both at once
	json 'has("cusum") and has("segments")' --segments --cusum 1,1,1 "$T/t.csv"
}

@test "real numbers have as many digits as they need" {
	"$ORDEAL" stats --json "$T/shaped.csv" >"$T/out.json"
	grep -q '"time": 2.4,' "$T/out.json"
	# What was read is written as it was; products, as of the survival, have the digits that they have.
	run grep -E '"(time|value|tau)": [0-9]+\.[0-9]*(9999|0000)[0-9]{2,}' "$T/out.json"
	[ "$status" -eq 1 ]
}
