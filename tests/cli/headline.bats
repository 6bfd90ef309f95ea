#!/usr/bin/env bats
# What no report says: one number for everything, or a mean in the place of the times themselves.
load support
setup() { support_setup; cd "$SOURCE_DIR/tests/golden"; }
teardown() { support_teardown; }

# Lines of what is piped in with one of the words; a test's output shows them.
words() { ! grep -niwE "$1"; }

@test "no composite score, and no mean time to anything by its usual name" {
	for report in runs/*/report.md runs/*/junit.xml compare/*.md compare/*.txt; do
		run words 'scores?|scored|mttr|mttd|mtbf|rating' <"$report"
		echo "$report: $output"
		[ "$status" -eq 0 ]
	done
	for report in runs/*/report.json compare/*.json; do
		run jq -r 'paths | map(strings) | last // empty | select(test("score|rating|mttr|mttd"))' "$report"
		echo "$report: $output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

@test "what stands on top of a report is no mean" {
	for report in runs/*/report.md; do
		run words 'means?|averages?|averaged' < <(sed '/^## Over the repetitions/,$d' "$report")
		echo "$report: $output"
		[ "$status" -eq 0 ]
		run words 'means?|averages?' < <(jq -r '.verdict, (.objectives[] | .text, .why // "")' "${report%md}json")
		echo "$report: $output"
		[ "$status" -eq 0 ]
	done
	for report in compare/*.txt; do
		run words 'means?|averages?' <"$report"
		echo "$report: $output"
		[ "$status" -eq 0 ]
	done
}

@test "the mean within a time of 'ordeal stats' says within which, and who never was" {
	printf 'time,event\n2.1,1\n2.4,1\n30,0\n30,0\n' >"$T/t.csv"
	run grep -iw mean < <("$ORDEAL" stats "$T/t.csv")
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"mean time within the first 30: "*", 2 censored"* ]]
}
