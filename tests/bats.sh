#!/bin/sh
# Runs one bats file. Exit status 77, which ctest calls skipped, where bats is missing or every test of the file was
# skipped; the reasons are printed.
set -u
command -v bats >/dev/null || {
	echo "bats is not installed"
	exit 77
}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
bats --tap "$@" >"$out" 2>&1
rc=$?
cat "$out"
if [ $rc = 0 ] && grep -q '^ok .* # skip' "$out" && ! grep '^ok ' "$out" | grep -qv '# skip'; then
	exit 77
fi
exit $rc
