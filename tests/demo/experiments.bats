# Every ready experiment, shortened: its verdict, and that users felt and the breaker saw what the file says. All run
# side by side, each in a network namespace of its own, and so take little longer than the longest.

setup_file() {
	export SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
	export BUILD_DIR=${BUILD_DIR:-$SOURCE_DIR/build/dev}
	export why=
	[ "$(id -u)" = 0 ] && "$SOURCE_DIR/tests/netns.sh" true || why="takes root and a network namespace"
	[ -z "$why" ] || return 0
	export runs="$BATS_FILE_TMPDIR"
	for file in "$SOURCE_DIR"/experiments/*.yaml; do
		name=$(basename "$file" .yaml)
		start "$name" &
		# Their starts are spread, so that the steady states do not fall into each other's.
		sleep 0.3
	done 3>&- >/dev/null 2>&1
	wait
}

setup() {
	[ -z "$why" ] || skip "$why"
}

# What makes each short, and bearable side by side on two CPUs.
start() {
	local probe=orders for=3s also=
	case $1 in
	breaker-*) probe=answered for=5s ;;
	lossy-network) for=6s ;;
	store-down) for=6s ;;
	cpu-stress) also="--set spec.faults[0].cpu.burn.load=20%" ;;
	memory-pressure) also="--set spec.faults[0].mem.fill.size=64MiB" ;;
	esac
	local rc=0
	timeout 60 "$SOURCE_DIR/experiments/run" "$1" -o "$runs/$1" --quiet --format json,md,junit $also \
		--set spec.repetitions=1 --set "spec.faults[0].for=$for" \
		--set "spec.steadyState[0]=$probe.ok_ratio >= 0.9 over 1s" \
		--set "spec.steadyState[1]=$probe.latency.p95 < 300ms over 1s" \
		>"$runs/$1.out" 2>&1 || rc=$?
	echo $rc >"$runs/$1.rc"
}

# outcome NAME EXIT JQ-CONDITION...
outcome() {
	local name=$1 want=$2 report
	shift 2
	cat "$runs/$name.out"
	if grep -q 'not possible here\|cannot run here' "$runs/$name.out"; then
		skip "$(tail -n 1 "$runs/$name.out")"
	fi
	echo "exit status $(cat "$runs/$name.rc"), expected $want"
	[ "$(cat "$runs/$name.rc")" = "$want" ]
	report="$runs/$name/latest/report.json"
	for condition in '.residue <= 0' "$@"; do
		echo "$condition"
		jq -e "$condition" "$report" >/dev/null || {
			jq 'del(.repetitions[].probes)' "$report"
			return 1
		}
	done
}

impact='.repetitions[0].impact.t_ns != null'
no_impact='.repetitions[0].impact == null'
seen='.repetitions[0].detections[] | select(.channel == "breaker") | .state == "noticed"'
unseen='.repetitions[0].detections[] | select(.channel == "breaker") | .state != "noticed"'
self='.repetitions[0].recovered_by_itself'
not_self='.repetitions[0].recovered_by_itself | not'

@test "slow-store" { outcome slow-store 0 "$impact" "$seen" "$not_self"; }
@test "store-down" { outcome store-down 0 "$impact" "$seen" "$self"; }
@test "lossy-network" { outcome lossy-network 0 "$impact" "$seen"; }
@test "partition" { outcome partition 0 "$impact" "$seen" "$not_self"; }
@test "hung-store" { outcome hung-store 0 "$impact" "$seen" "$not_self"; }
@test "cpu-stress" { outcome cpu-stress 0; }
@test "memory-pressure" { outcome memory-pressure 0; }
@test "breaker-on" { outcome breaker-on 0 "$impact" "$seen" "$self"; }
@test "breaker-off" { outcome breaker-off 1 "$impact" "$unseen" "$not_self"; }

@test "none of them is forgotten here" {
	for file in "$SOURCE_DIR"/experiments/*.yaml; do
		grep -q "^@test \"$(basename "$file" .yaml)\"" "$BATS_TEST_FILENAME"
	done
}
