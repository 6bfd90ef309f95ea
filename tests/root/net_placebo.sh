#!/bin/bash
# Each test of the network faults must fail when the fault is the placebo: a test that cannot fail proves nothing.
set -u
command -v bats >/dev/null || { echo "bats is not installed"; exit 77; }
# These say what is refused, or what must go on working; the placebo does that too.
indifferent='whole host|without a TUN|TCP connection lives|doctor|MTU|byte for byte|contradicts itself'
# Most of them wait for what does not come: side by side.
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
for f in "$SOURCE_DIR"/tests/root/net_{cut,delay,queues,effects,fate,law,reset,down,dns,dns_clients}.bats; do
	ORDEAL_PLACEBO=1 "$SOURCE_DIR/tests/alone.sh" bats --tap "$f" >"$said/${f##*/}" 2>&1 &
done
wait
out=$(cat "$said"/*)
if ! grep -q '^not ok' <<<"$out"; then
	grep '# skip' <<<"$out"
	exit 77
fi
passed=$(grep '^ok' <<<"$out" | grep -v '# skip' | grep -Ev "$indifferent")
[ -z "$passed" ] || { echo "these pass with the placebo as well:"; echo "$passed"; exit 1; }
grep -c '^not ok' <<<"$out"
