# What the documents say is true of the programs: experiments validate, options exist, links lead somewhere.

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
	export ordeal="$BUILD_DIR/cli/ordeal"
}

@test "the README's experiment validates, without a warning" {
	sed -n '/^```yaml/,/^```/ {/^```/d; p}' "$SOURCE_DIR/README.md" >"$BATS_TEST_TMPDIR/readme.yaml"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/readme.yaml")" -ge 15 ]
	run "$ordeal" validate "$BATS_TEST_TMPDIR/readme.yaml"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output != *warning* ]]
}

@test "the ready experiments validate, without a warning" {
	run "$ordeal" validate "$SOURCE_DIR"/experiments/*.yaml "$SOURCE_DIR"/experiments/kubernetes/*.yaml
	echo "$output"
	[ "$status" = 0 ]
	[[ $output != *warning* ]]
}

@test "the experiments for a cluster validate with their users' probe, too" {
	n=0
	for file in "$SOURCE_DIR"/experiments/kubernetes/*.yaml; do
		grep -q '^    # - name: users' "$file" || continue
		sed 's/^    # \(- name: users\)/    \1/; s/^    #   \(http:\|every:\)/      \1/' "$file" >"$BATS_TEST_TMPDIR/$(basename "$file")"
		grep -q '^      http:' "$BATS_TEST_TMPDIR/$(basename "$file")"
		n=$((n + 1))
	done
	[ "$n" -ge 10 ]
	run "$ordeal" validate "$BATS_TEST_TMPDIR"/*.yaml
	echo "$output"
	[ "$status" = 0 ]
	[[ $output != *warning* ]]
}

@test "the README's injections name faults and options that exist" {
	grep '^    ordeal inject ' "$SOURCE_DIR/README.md" >"$BATS_TEST_TMPDIR/lines"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -ge 5 ]
	while read -r _ _ fault rest; do
		help=$("$ordeal" inject "$fault" --help)
		for word in $rest; do
			case $word in --*) grep -qe "^ *$word " <<<"$help" || { echo "$fault $word"; false; } ;; esac
		done
	done <"$BATS_TEST_TMPDIR/lines"
}

@test "the README's classes are those of the catalogue" {
	"$ordeal" list faults --json | jq -r '.. | objects | select(has("class")) | "\(.class) \(.name // .fault)"' >"$BATS_TEST_TMPDIR/is"
	n=0
	while IFS='|' read -r _ class _ faults _; do
		for fault in ${faults//,/ }; do
			grep -qxF "$(tr -d ' `' <<<"$class") $fault" "$BATS_TEST_TMPDIR/is" || { echo "$class $fault"; false; }
			n=$((n + 1))
		done
	done < <(grep -E '^\| `(kernel|guardian|none)`' "$SOURCE_DIR/README.md")
	[ "$n" -ge 5 ]
}

@test "links in the documents lead somewhere" {
	cd "$SOURCE_DIR"
	for file in *.md docs/*.md docs/*/*.md experiments/*.md experiments/*/*.md; do
		for link in $(grep -o '](\([^)#]*\))' "$file" | sed 's/](\(.*\))/\1/' | grep -v '^http'); do
			[ -e "$(dirname "$file")/$link" ] || { echo "$file: $link"; false; }
		done
	done
}

@test "the demo's help names every ready experiment" {
	run "$SOURCE_DIR/experiments/run" --help
	for file in "$SOURCE_DIR"/experiments/*.yaml; do
		[[ $output == *"$(basename "$file" .yaml)"* ]]
	done
	run "$SOURCE_DIR/experiments/run" no-such
	[ "$status" = 2 ]
}
