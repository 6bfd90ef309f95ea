#!/usr/bin/env bats
# The shell of the regression gates of docs/ci over stored runs: what a job does by ordeal's exit status.
load support
recipes=(github-regression-gate.yml gitlab-regression-gate.yml Jenkinsfile.regression-gate)

# Of each recipe the one step that has each of these words in it: RECIPE.compare, RECIPE.baseline, RECIPE.rescue.
setup_file() {
	python3 -c 'import yaml' 2>/dev/null || return 0
	python3 - "$SOURCE_DIR/docs/ci" "$BATS_FILE_TMPDIR" "${recipes[@]}" <<'PY'
import re, sys, yaml
source, out, *recipes = sys.argv[1:]
for recipe in recipes:
    text = open(f"{source}/{recipe}").read()
    if "Jenkinsfile" in recipe:
        steps = [a or b for a, b in re.findall(r"sh '''(.*?)'''|sh '([^\n]*)'", text, re.S)]
    else:
        top = yaml.safe_load(text)
        job = next(v for v in top.get("jobs", top).values() if isinstance(v, dict) and ("script" in v or "steps" in v))
        steps = job.get("script", []) + job.get("after_script", []) + [s.get("run", "") for s in job.get("steps", [])]
    for word in "compare", "baseline", "rescue":
        found = [s for s in steps if f"ordeal {word}" in s]
        assert len(found) == 1, (recipe, word, found)
        open(f"{out}/{recipe}.{word}", "w").write(found[0])
PY
	"$SOURCE_DIR/tests/cli/stored_run.py" "$BATS_FILE_TMPDIR/before" 20261101T100000Z-orders-aaaaaa 1000 1100 1200 1300 1050 1150
	"$ORDEAL" baseline "$BATS_FILE_TMPDIR/before/20261101T100000Z-orders-aaaaaa" >"$BATS_FILE_TMPDIR/base.json"
}
setup() {
	python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
	support_setup
	cd "$T"
	mkdir bin baselines
	ln -s "$ORDEAL" bin/ordeal
	PATH=$T/bin:$PATH
	export GITHUB_STEP_SUMMARY=$T/summary BASELINE=baselines/hung-store.json
	cp "$BATS_FILE_TMPDIR/base.json" "$BASELINE"
}
teardown() { support_teardown; }

# step RECIPE WORD: as the job runs it.
step() { bash -eo pipefail "$BATS_FILE_TMPDIR/$1.$2"; }

# gates EXIT: each of them ends so; what each said is in $said.
gates() {
	said=
	for recipe in "${recipes[@]}"; do
		rm -f summary gate.md
		grep -q -- ' --gate ' "$BATS_FILE_TMPDIR/$recipe.compare"
		run step "$recipe" compare
		echo "$recipe: $status: $output"
		[ "$status" -eq "$1" ]
		said+=$output$(cat summary 2>/dev/null || :)
		[ ! -s gate.md ] || said+=" and a file"
	done
}
# times N TEXT: each of the three has said it.
times() { [ "$(grep -o -- "$2" <<<"$said" | wc -l)" -eq "$1" ]; }

# candidate MS... [KEY=JSON]: the run that the job has just made.
candidate() {
	"$SOURCE_DIR/tests/cli/stored_run.py" ordeal-runs 20261102T100000Z-orders-bbbbbb "$@"
	ln -s 20261102T100000Z-orders-bbbbbb ordeal-runs/latest
}

@test "as quick as before: the job goes on" {
	candidate 1010 1090 1190 1310 1060 1140
	gates 0
	times 3 'recovery by itself .* not worse by more than 25'
	times 3 'and a file'
	for recipe in "${recipes[@]}"; do
		rm -f new-baseline.json
		step "$recipe" baseline
		ordeal compare "$BASELINE" new-baseline.json
	done
}

@test "slower, or never: the job fails with 1, and says by how much" {
	candidate 3000 3100 never 3300 3200 3400
	gates 1
	times 3 '❌ | recovery by itself | worse | .* (n = 6, worst 1.32 s) | .* (n = 6, 1 never)'
}

@test "too few to tell: 5, with how many it takes" {
	candidate 1010 1090
	gates 5
	times 3 'recovery by itself .*need .* of the candidate beside this baseline'
}

@test "another fault: 2, and it is named" {
	candidate 1010 1090 1190 1310 'recovery_ns=7000000000'
	gates 2
	times 3 'recovery_ns is 5000000000 and 7000000000'
}
