# What the experiments on real systems share. $runs is the folder of their runs.
# shellcheck shell=bash

# passed NAME JQ-CONDITION...
passed() {
	local name=$1
	shift
	cat "$runs/$name.out"
	[ "$(cat "$runs/$name.rc")" = 0 ]
	for condition in '.exit == 0' '.residue <= 0' "$@"; do
		echo "$condition"
		jq -e "$condition" "$runs/$name/latest/report.json" >/dev/null || {
			jq 'del(.repetitions[].probes)' "$runs/$name/latest/report.json"
			return 1
		}
	done
}
