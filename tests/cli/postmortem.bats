# `ordeal postmortem`: from a stored run to a file that people fill, and that keeps their words.

load support

setup() {
	run_dir="$SOURCE_DIR/tests/golden/runs/slow-store"
	out="$BATS_TEST_TMPDIR/pm"
	file="$out/2026-11-21-slow-store.md"
}

@test "writes Markdown and HTML, and says where" {
	run "$ORDEAL" postmortem "$run_dir" -o "$out"
	[ "$status" -eq 0 ]
	[[ "$output" == *"$file"* ]]
	[[ "$output" == *"2026-11-21-slow-store.html"* ]]
	grep -q '^# Post-mortem: slow-store$' "$file"
	grep -q '^covered by: experiment slow-store, last passed 2026-11-21, schedule none: run by hand$' "$file"
	grep -q '^_To be filled in: ' "$file"
	grep -q '<h1 id="top">Post-mortem: slow-store</h1>' "$out/2026-11-21-slow-store.html"
	! grep -qi 'because\|caused\|should have' "$file" || false
}

@test "the same run gives the same bytes" {
	"$ORDEAL" postmortem "$run_dir" -o "$out"
	cp "$file" "$out/first"
	"$ORDEAL" postmortem "$run_dir" -o "$out" --update
	cmp "$file" "$out/first"
}

@test "a file that is there is refused, and not touched" {
	mkdir -p "$out"
	echo mine >"$file"
	run "$ORDEAL" postmortem "$run_dir" -o "$out"
	[ "$status" -eq 2 ]
	[[ "$output" == *"is there already"* ]]
	[ "$(cat "$file")" = mine ]
}

@test "--update keeps what people filled in, in both formats" {
	"$ORDEAL" postmortem "$run_dir" -o "$out"
	sed -i 's/^_To be filled in: What went well?_$/The pager was quiet./; s/^Status: Draft$/Status: Reviewed/' "$file"
	"$ORDEAL" postmortem "$run_dir" -o "$out" --update --schedule weekly
	grep -q '^The pager was quiet\.$' "$file"
	grep -q '^Status: Reviewed$' "$file"
	grep -q 'schedule weekly$' "$file"
	! grep -q 'What went well?_' "$file" || false
	grep -q 'The pager was quiet\.' "$out/2026-11-21-slow-store.html"
}

@test "--update of what is no text is refused, and loses nothing" {
	"$ORDEAL" postmortem "$run_dir" -o "$out"
	printf 'mine\0and more\n' >>"$file"
	cp "$file" "$out/first"
	run "$ORDEAL" postmortem "$run_dir" -o "$out" --update
	[ "$status" -eq 2 ]
	[[ "$output" == *"holds a NUL byte"* ]]
	cmp "$file" "$out/first"
}

@test "an annotation of a row is kept" {
	"$ORDEAL" postmortem "$run_dir" -o "$out"
	sed -i '/requested: slow-store/s/|  |$/| the switch was thrown here |/' "$file"
	"$ORDEAL" postmortem "$run_dir" -o "$out" --update
	grep -q 'requested: slow-store.*| the switch was thrown here |$' "$file"
}

@test "three houses, their headings" {
	"$ORDEAL" postmortem "$run_dir" -o "$out" --format md --style pagerduty
	grep -q "^## How'd We Do?$" "$file"
	[ ! -e "$out/2026-11-21-slow-store.html" ]
	"$ORDEAL" postmortem "$run_dir" -o "$out" --style atlassian --update
	grep -q '^## Root cause identification: The Five Whys$' "$file"
	run "$ORDEAL" postmortem "$run_dir" -o "$out" --style mine
	[ "$status" -eq 2 ]
	[[ "$output" == *"google-sre, pagerduty and atlassian"* ]]
	run "$ORDEAL" postmortem "$run_dir" -o "$out" --format pdf
	[ "$status" -eq 2 ]
	[[ "$output" == *"there are md and html"* ]]
}

@test "several runs: the first is the incident, another covers it" {
	"$ORDEAL" postmortem "$SOURCE_DIR/tests/golden/runs/hung-web" "$run_dir" -o "$out" --covered-by slow-store
	grep -q '^covered by: experiment slow-store, last passed 2026-11-21' "$out"/*-hung-web.md
	grep -q '1 more runs were read' "$out"/*-hung-web.md
}
