#!/usr/bin/env bats
# What `cmake --install` leaves, and that it works from there, for root and for who is not.
load support
setup() {
	support_setup
	DESTDIR=$T/root cmake --install "$BUILD_DIR" --prefix /usr >/dev/null
	chmod 755 "$T" "$T/root"
	installed=$T/root/usr
}
teardown() { support_teardown; }

mode_is() { [ "$(stat -c %a "$2")" = "$1" ]; }

# as_nobody COMMAND...: with a state directory of its own.
as_nobody() {
	[ "$(id -u)" = 0 ] || skip "changing the user takes root"
	mkdir -p "$T/nobody"
	chown nobody "$T/nobody"
	setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$T/nobody" XDG_STATE_HOME="$T/nobody/state" \
		XDG_RUNTIME_DIR="$T/nobody" "$@"
}

@test "every part is where it belongs, with its mode" {
	(cd "$installed" && find . -type f | sort)
	mode_is 755 "$installed/bin/ordeal"
	mode_is 750 "$installed"/libexec/ordeal/ordeal-injector
	[ -f "$(find "$installed" -name ordeal-http.so)" ]
	[ -f "$(find "$installed" -name ordeal-post.so)" ]
	[ -f "$(find "$installed" -name ordeal-policy.so)" ]
	[ -f "$(find "$installed" -name report.schema.json)" ]
	[ -f "$(find "$installed" -name compare.schema.json)" ]
	[ -s "$installed/share/man/man1/ordeal.1" ]
	[ -s "$installed/share/man/man8/ordeal-injector.8" ]
	[ -s "$installed/share/man/man8/ordeal-injector-kube.8" ]
	[ -s "$installed/share/man/man5/ordeal-spec.5" ]
	[ -s "$installed/share/man/man5/ordeal-rules.5" ]
	[ -s "$installed/share/bash-completion/completions/ordeal" ]
	[ -s "$installed/share/fish/vendor_completions.d/ordeal.fish" ]
	[ -s "$installed/share/zsh/site-functions/_ordeal" ]
	[ -f "$(find "$installed" -name ordeal-container.so)" ]
	ls "$installed"/share/ordeal/experiments/*.yaml
}

@test "the injector is given to the group 'ordeal' where there is one" {
	[ "$(id -u)" = 0 ] || skip "giving a file away takes root"
	(grep -v '^ordeal:' /etc/group && echo 'ordeal:x:64999:') >"$T/group"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -ec 'mount --bind "$1" /etc/group; DESTDIR=$2 cmake --install "$3" --prefix /usr' sh \
		"$T/group" "$T/given" "$BUILD_DIR" >/dev/null
	[ "$(stat -c %u:%g:%a "$T/given/usr/libexec/ordeal/ordeal-injector")" = 0:64999:750 ]
}

@test "it works from where it was installed" {
	[ "$(id -u)" = 0 ] || skip "the injector is root's"
	experiment quick >"$T/quick.yaml"
	run "$installed/bin/ordeal" run "$T/quick.yaml" --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	run "$installed/bin/ordeal" inject noop --host --for 50ms
	[ "$status" -eq 0 ]
}

@test "who is not root and not in the group: what needs no injector works" {
	experiment quick >"$T/quick.yaml"
	chmod 644 "$T/quick.yaml"
	as_nobody "$installed/bin/ordeal" version
	as_nobody "$installed/bin/ordeal" list faults
	as_nobody "$installed/bin/ordeal" validate "$T/quick.yaml"
	as_nobody "$installed/bin/ordeal" plan "$T/quick.yaml"
	as_nobody "$installed/bin/ordeal" schema
	as_nobody "$installed/bin/ordeal" doctor --json >"$T/doctor.json"
	# Those of this machine; what goes through a cluster's API needs no right here.
	jq -e 'all(.faults[] | select(.fault | test("^(net\\.(delay|loss|partition)|cpu|mem|proc)")); .available == false)' "$T/doctor.json"
	jq -e '.faults[0].reason | test("group|sudo|root")' "$T/doctor.json"
	run as_nobody "$installed/bin/ordeal" status
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"run ordeal as root"* ]]
}

@test "who is not in the group, but in the sudoers: faults and status go through sudo" {
	[ "$(id -u)" = 0 ] || skip "changing the user takes root"
	experiment quick >"$T/quick.yaml"
	chmod 644 "$T/quick.yaml"
	mkdir -p "$T/layers" "$T/nobody"
	chown nobody "$T/nobody"
	# A sudo of this test's own, where ordeal looks for it.
	cat >"$T/inner" <<'END'
set -eu
mount -t tmpfs none "$T/layers"
mkdir "$T/layers/upper" "$T/layers/work"
mount -t overlay none -o "lowerdir=/usr/bin,upperdir=$T/layers/upper,workdir=$T/layers/work" /usr/bin
install -m 4755 "$BUILD_DIR/tests/support/as-sudo" /usr/bin/sudo
as() {
	setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$T/nobody" XDG_STATE_HOME="$T/nobody/state" \
		XDG_RUNTIME_DIR="$T/nobody" "$@"
}
setpriv --reuid nobody --regid nogroup --clear-groups sleep 30 3>&- &
sleep 0.3
as "$1/bin/ordeal" inject proc.pause --pid $! --for 50ms
as "$1/bin/ordeal" inject noop --host --for 50ms
as "$1/bin/ordeal" run "$T/quick.yaml" --quiet
as "$1/bin/ordeal" status
as "$1/bin/ordeal" rescue
kill $!
END
	export T
	run unshare -m sh "$T/inner" "$installed"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'"residue":0'*passed*"no lease is held"*"nothing to rescue"* ]]
}

@test "who is not root but in the group: unprivileged faults work, others say how to allow them" {
	chmod 755 "$installed/libexec/ordeal/ordeal-injector"
	run as_nobody "$installed/bin/ordeal" inject noop --host --for 50ms
	echo "$output"
	[ "$status" -eq 0 ]
	run as_nobody "$installed/bin/ordeal" inject net.loss --percent 5 --to 192.0.2.1 --host --for 50ms
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *root* ]]
	run as_nobody "$installed/bin/ordeal" status
	[ "$status" -eq 0 ]
	[[ $output == *"root's leases cannot be seen"* ]]
	run as_nobody "$installed/bin/ordeal" doctor
	echo "$output"
	[ "$status" -eq 0 ]
}
