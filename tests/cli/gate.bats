#!/usr/bin/env bats
# The shell of docs/ci/github-regression-gate.yml over stored runs: what a job does by ordeal's exit status.
load support
setup() {
	python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
	support_setup
	cd "$T"
	mkdir bin baselines
	ln -s "$ORDEAL" bin/ordeal
	PATH=$T/bin:$PATH
	export GITHUB_STEP_SUMMARY=$T/summary BASELINE=baselines/hung-store.json
	"$SOURCE_DIR/tests/cli/stored_run.py" before 20261101T100000Z-orders-aaaaaa 1000 1100 1200 1300 1050 1150
	ordeal baseline before/20261101T100000Z-orders-aaaaaa >"$BASELINE"
}
teardown() { support_teardown; }

# step NAME: as the job runs it.
step() {
	python3 - "$SOURCE_DIR/docs/ci/github-regression-gate.yml" "$1" >step.sh <<'PY'
import sys, yaml
steps = next(iter(yaml.safe_load(open(sys.argv[1]))['jobs'].values()))['steps']
print(next(s['run'] for s in steps if s.get('name') == sys.argv[2]))
PY
	bash -eo pipefail step.sh
}

# candidate MS... [KEY=JSON]: the run that the job has just made.
candidate() {
	"$SOURCE_DIR/tests/cli/stored_run.py" ordeal-runs 20261102T100000Z-orders-bbbbbb "$@"
	ln -s 20261102T100000Z-orders-bbbbbb ordeal-runs/latest
}

@test "as quick as before: the job goes on" {
	candidate 1010 1090 1190 1310 1060 1140
	run step "Regression gate"
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'not worse by more than 25' summary
	step "A baseline of this run"
	ordeal compare "$BASELINE" new-baseline.json
}

@test "slower, or never: the job fails with 1, and its summary says by how much" {
	candidate 3000 3100 never 3300 3200 3400
	run step "Regression gate"
	[ "$status" -eq 1 ]
	grep -q '❌ | recovery by itself | worse | .* (n = 6, worst 1.32 s) | .* (n = 6, 1 never)' summary
}

@test "too few to tell: 5, with how many it takes" {
	candidate 1010 1090
	run step "Regression gate"
	[ "$status" -eq 5 ]
	grep -q 'need .* of the candidate beside this baseline' summary
}

@test "another fault: 2, and it is named" {
	candidate 1010 1090 1190 1310 'recovery_ns=7000000000'
	run step "Regression gate"
	[ "$status" -eq 2 ]
	[[ $output == *"recovery_ns is 5000000000 and 7000000000"* ]]
}
