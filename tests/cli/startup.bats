#!/usr/bin/env bats
# What must start fast opens neither libcurl nor libsystemd nor SQLite, nor the modules that need them.
load support
setup() { support_setup; cd "$T"; experiment good >good.yaml; command -v strace >/dev/null || skip "strace is not installed"; }
teardown() { support_teardown; }

# opens_none COMMAND...
opens_none() {
	strace -f -qq -e trace=openat,open,execve -o "$T/trace" "$@" >/dev/null || [ $? -lt 6 ]
	[ -s "$T/trace" ]
	! grep -E 'libcurl|libsystemd|ordeal-http|ordeal-post|libsqlite3|ordeal-history' "$T/trace"
}

@test "version, list, validate and plan open no libcurl, no libsystemd and no SQLite" {
	opens_none "$ORDEAL" version
	opens_none "$ORDEAL" list faults
	opens_none "$ORDEAL" validate good.yaml
	opens_none "$ORDEAL" plan good.yaml
}

@test "inject opens no libcurl and no libsystemd, and starts the injector alone" {
	opens_none "$ORDEAL" inject noop --host --for 50ms
	[ "$(grep -c 'execve(' "$T/trace")" -eq 2 ]
}
