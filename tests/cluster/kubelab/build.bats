#!/usr/bin/env bats
# tests/cluster/build where things go wrong, with a Go that only pretends; nothing is compiled.

setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/ordeal-build.XXXXXX")
	build=$SOURCE_DIR/tests/cluster/build cache=$T/cache/ordeal
	export XDG_CACHE_HOME=$T/cache PATH=$T/bin:$PATH LOG=$T/log FAIL=
	mkdir "$T/bin"
	: >"$LOG"
	cat >"$T/bin/go" <<'END'
#!/bin/bash
# A new Go, as far as is asked; $FAIL names the command that fails, and how.
echo "$1" >>"$LOG"
case $1 in
version) echo "go version go9.9.9 pretended${VARIANT:-}" ;;
env) echo go9.9.9 ;;
list) [ "$FAIL" != list ] || { echo "dial tcp: connection refused" >&2; exit 1; } ;;
build)
	[ "$FAIL" != full ] || { echo "write: no space left on device"; exit 1; }
	[ "$FAIL" != wrong ] || { echo "undefined: x"; exit 1; }
	while [ "$1" != -o ]; do shift; done
	until [ ! -e "$LOG.hold" ]; do sleep .05; done
	echo "#!/bin/sh" >"$2"
	;;
esac
END
	chmod +x "$T/bin/go"
}
teardown() { rm -rf "$T"; }

made() { find "$cache" -name 'kubelab-*' | wc -l; }
left() { find "$cache" -name 'kubelab.??????'; }

@test "it is made once, found again, and where it would be is told" {
	run "$build" --path
	[ "$status" = 1 ]
	path=$output
	[ "$("$build" 2>"$T/err")" = "$path" ]
	[ -x "$path" ]
	[ "$("$build" --path)" = "$path" ]
	"$build" 2>"$T/err"
	[ "$(grep -c '^build$' "$LOG")" = 1 ]
	[ -z "$(left)" ]
}

@test "two at once: the second waits, and finds what the first has made" {
	: >"$LOG.hold"
	"$build" >"$T/one" 2>/dev/null 3>&- &
	one=$!
	until grep -q '^build$' "$LOG"; do sleep .05; done
	"$build" >"$T/two" 2>"$T/err" 3>&- &
	two=$!
	until grep -q 'another build is under way' "$T/err"; do sleep .05; done
	rm "$LOG.hold"
	wait "$one"
	wait "$two"
	[ -s "$T/one" ]
	cmp "$T/one" "$T/two"
	[ "$(grep -c '^build$' "$LOG")" = 1 ]
}

@test "modules that cannot be fetched, a full disk, a cache that cannot be written: 77, and the reason" {
	FAIL=list run "$build"
	[ "$status" = 77 ]
	[[ $output == *"connection refused"*"the Go modules cannot be fetched"* ]]
	FAIL=full run "$build"
	[ "$status" = 77 ]
	[[ $output == *"the disk is full"* ]]
	[ -z "$(left)" ]
	[ "$(made)" = 0 ]
	: >"$T/file"
	XDG_CACHE_HOME=$T/file run "$build"
	[ "$status" = 77 ]
	[[ $output == *"$T/file/ordeal cannot be written to"* ]]
}

@test "no Go, and one that is too old and cannot fetch another: 77, and the reason" {
	rm "$T/bin/go"
	PATH=$(dirname "$(command -v bash)"):/usr/bin:/bin
	! command -v go || skip "there is a Go in $PATH"
	run "$build"
	[ "$status" = 77 ]
	[[ $output == *"kubelab needs Go 1."*"here is none"* ]]
	printf '#!/bin/sh\ncase $1 in env) echo go1.19 ;; *) exit 1 ;; esac\n' >"$T/bin/go"
	chmod +x "$T/bin/go"
	PATH=$T/bin:$PATH run "$build"
	[ "$status" = 77 ]
	[[ $output == *"cannot be fetched"* ]]
}

@test "what does not compile is an error, no reason to skip" {
	FAIL=wrong run "$build"
	[ "$status" = 1 ]
	[[ $output == *"undefined: x"* ]]
	[ -z "$(left)" ]
}

@test "the two that were asked for last are kept, and what runs; the others go" {
	mkdir -p "$cache"
	for age in 9 8 7 6 5; do
		cp "$(command -v sleep)" "$cache/kubelab-$age"
		touch -d "-$age days" "$cache/kubelab-$age"
	done
	: >"$cache/kubelab.abcdef"
	touch -d '-1 day' "$cache/kubelab.abcdef"
	"$cache/kubelab-8" 30 3>&- &
	running=$!
	"$build" >/dev/null 2>&1
	kill "$running"
	wait "$running" || :
	[ -e "$cache/kubelab-8" ]
	[ -e "$cache/kubelab-5" ]
	[ "$(made)" = 3 ]
	[ -z "$(left)" ]
	VARIANT=2 "$build" >/dev/null 2>&1
	[ ! -e "$cache/kubelab-8" ]
	[ ! -e "$cache/kubelab-5" ]
	[ "$(made)" = 2 ] # both were asked for just now
}
