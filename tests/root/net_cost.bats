# What an injection costs, from nothing to in force. Its time is bench/run-net's; what makes most of it, and what no busy
# machine changes, are its system calls.

load net

setup() { net_setup; }
teardown() { net_teardown; }

@test "at most 520 system calls of all processes, and no library that it does not need" {
	command -v strace >/dev/null || skip "strace is not installed"
	ordeal=$BUILD_DIR/cli/ordeal
	[ -x "$ordeal" ] || skip "$ordeal is not built"
	! readelf -d "$ordeal" | grep -qE 'asan|tsan' || skip "a sanitizer's own calls would be counted"
	# An orphan: its ancestors are asked for an SSH connection, and the test has many.
	ORDEAL_INJECTOR=$injector setsid -f strace -f -s 64 -o "$dir/calls" \
		"$ordeal" inject net.loss --percent 1 --netns "$A" --for 200ms >"$dir/out" 2>&1 8>&- 9>&- 3>&-
	for _ in $(seq 500); do
		if grep -q '"reverted"' "$dir/out"; then break; fi
		sleep .02
	done
	cat "$dir/out"
	grep -q '"engine":"detour"' "$dir/out"
	grep -q '"residue":0' "$dir/out"
	n=$(awk 'NR == 1 {first = $1} / resumed>|^[0-9]+ +(---|\+\+\+)/ {next} {n++}
		$1 == first && /write\(1, .*injected/ {print n; exit}' "$dir/calls")
	echo "$n system calls"
	between 300 520 "$n"
	run grep -E 'libsystemd|libyaml|libmd|libresolv|libcurl|libsqlite3' "$dir/calls"
	[ "$status" = 1 ]
}
