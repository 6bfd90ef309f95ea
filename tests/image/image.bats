#!/usr/bin/env bats
# The OCI image of the release build: the same bytes from the same sources, what the specification says, and it runs.
bats_require_minimum_version 1.5.0
load ../cli/support
load containerd

setup_file() {
	[ -e "$RELEASE/scheduler/serve/module/ordeal-serve.so" ] || return 0
	export IMAGE=$BATS_FILE_TMPDIR/ordeal.tar SOURCE_DATE_EPOCH=1234567890
	"$SOURCE_DIR/image/build" --build-dir "$RELEASE" --output "$IMAGE" --sbom "$IMAGE.spdx.json"
	"$SOURCE_DIR/tests/image/check.py" "$IMAGE" "$BATS_FILE_TMPDIR/layer.tar"
}

setup() {
	[ -e "${IMAGE:-/nonexistent}" ] || skip "there is no release build in $RELEASE"
	support_setup
	layer=$BATS_FILE_TMPDIR/layer.tar root=$T/root containerd= daemon=
}

teardown() {
	[ -z "${containerd:-}" ] || containerd_stop
	# Its wish to die with its parent did not outlive the change of user.
	[ -z "${daemon:-}" ] || ! ours "$daemon" || kill -KILL $(pgrep -P "$daemon") || :
	[ -z "${T:-}" ] || umount -R "$T/root" "$T/containerd" 2>/dev/null || :
	[ -z "${T:-}" ] || support_teardown
}

# unpacked: the layer in $root, which cannot be written to, with folders that can, as a pod has them.
unpacked() {
	[ "$(id -u)" = 0 ] || skip "files of several owners take root"
	chmod 755 "$T"
	mkdir "$root"
	mount -t tmpfs -o mode=755 none "$root"
	tar -xpf "$layer" --numeric-owner -C "$root"
	mount -o remount,ro "$root"
	mount --rbind /dev "$root/dev"
	for folder in var/lib/ordeal run/ordeal tmp; do
		mount -t tmpfs -o mode=700,uid=65532,gid=65532 none "$root/$folder"
	done
	files=$root/var/lib/ordeal/files
	mkdir "$files"
}

# inside COMMAND...: as a container runs it: first process, not root, without a way to become so.
inside=(setpriv --no-new-privs unshare --pid --fork --kill-child --mount-proc --root="$BATS_TEST_TMPDIR" --setuid 65532 --setgid 65532)
inside() { env -i XDG_STATE_HOME=/var/lib XDG_RUNTIME_DIR=/run "${inside[@]/$BATS_TEST_TMPDIR/$root}" "$@"; }

experiment() {
	cat >"$files/$1.yaml" <<-END
		apiVersion: ordeal.dev/v1
		kind: Experiment
		metadata: {name: $1}
		spec:
		  hypothesis: nothing happens
		  schedule: $2
		  probes:
		    - {name: here, exec: {command: [/usr/local/bin/ordeal, version]}, every: 50ms, timeout: 1s}
		    - {name: there, http: {url: "http://127.0.0.1:9/", expect: {status: 200}}, every: 50ms, timeout: 1s, role: signal}
		  faults: [{name: none, noop: {}, target: {host: true}, for: 100ms}]
		  recovery: 100ms
		  limits: {targets: 1, duration: 100s}
	END
}

@test "the same bytes, whoever makes it, wherever and whenever" {
	(
		umask 077
		cd "$T"
		env -i PATH="$PATH" HOME="$T" TZ=Pacific/Apia SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$SOURCE_DIR/image/build" --build-dir "$RELEASE" --output other.tar --sbom other.spdx.json
	)
	cmp "$IMAGE" "$T/other.tar"
	cmp "$IMAGE.spdx.json" "$T/other.spdx.json"
}

@test "the same program from sources that lie elsewhere" {
	[ "${ORDEAL_NIGHTLY:-0}" = 1 ] || skip "it takes a second build: ./dev nightly"
	mkdir "$T/elsewhere"
	(cd "$SOURCE_DIR" && git ls-files -z | tar -c --null -T -) | tar -x -C "$T/elsewhere"
	cd "$T/elsewhere"
	umask 077
	CCACHE_DISABLE=1 cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_C_COMPILER_LAUNCHER= >/dev/null
	cmake --build --preset release >/dev/null
	SOURCE_DATE_EPOCH=0 "$SOURCE_DIR/image/build" --build-dir "$RELEASE" --output "$T/here.tar" --name ordeal:1
	SOURCE_DATE_EPOCH=0 "$SOURCE_DIR/image/build" --build-dir build/release --output "$T/there.tar" --name ordeal:1
	cmp "$T/here.tar" "$T/there.tar"
}

@test "15 MB, and nothing of this machine" {
	[ "$(stat -c %s "$IMAGE")" -le 15000000 ]
	run grep -c -aF -e "$SOURCE_DIR" -e "$BATS_FILE_TMPDIR" "$layer"
	[ "$output" = 0 ]
	# No authority but the package's.
	tar -xOf "$layer" etc/ssl/certs/ca-certificates.crt >"$T/authorities"
	cat /usr/share/ca-certificates/mozilla/*.crt | cmp - "$T/authorities"
	# Of one date.
	[ "$(tar --utc -tvf "$layer" | awk '{print $4, $5}' | sort -u)" = "2009-02-13 23:31" ]
	# Who may write, and who may become another.
	tar --numeric-owner -tvf "$layer" >"$T/list"
	[ "$(awk '$1 ~ /s/ || ($2 != "0/0" && $1 !~ /^d/)' "$T/list")" = "" ]
	[ "$(awk '$1 ~ /^[^l]....(w...|....w)/ {print $6}' "$T/list")" = tmp/ ]
	[ "$(awk '$2 != "0/0" {print $6}' "$T/list" | sort | xargs)" = "run/ordeal/ var/lib/ordeal/" ]
	run grep -E '/(ba|da)?sh$|busybox' "$T/list"
	[ "$status" -eq 1 ]
}

@test "each package has its licence in it, and stands in the list of parts" {
	jq -r '.packages[] | select(.SPDXID != "SPDXRef-ordeal").name' "$IMAGE.spdx.json" | sort >"$T/packages"
	[ "$(wc -l <"$T/packages")" -gt 10 ]
	for name in libc6 libcurl4 tzdata ca-certificates; do grep -qx "$name" "$T/packages"; done
	(echo ordeal && cat "$T/packages") | sort >"$T/all"
	tar -tf "$layer" | sed -n 's|^usr/share/doc/\(.*\)/copyright$|\1|p' | sort | diff - "$T/all"
	[ "$(jq '[.relationships[].relatedSpdxElement] == [.packages[].SPDXID]' "$IMAGE.spdx.json")" = true ]
}

@test "every library that is asked for is there" {
	unpacked
	loader=$(cd "$root" && echo lib*/ld-linux-*)
	n=0
	for program in "$root"/usr/local/bin/ordeal "$root"/usr/local/libexec/ordeal/* "$root"/usr/local/lib/ordeal/*.so; do
		run inside "/$loader" --list "${program#"$root"}"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output != *"not found"* ]]
		n=$((n + 1))
	done
	[ $n -ge 11 ]
}

@test "a read-only root, without root: version, validate, zones, a run with a probe, a fault and a report" {
	unpacked
	chown -R 65532:65532 "$files"
	[[ $(inside /usr/local/bin/ordeal version) == ordeal\ * ]]
	experiment berlin '{cron: "30 2 * * *", timezone: Europe/Berlin}'
	inside /usr/local/bin/ordeal validate /var/lib/ordeal/files/berlin.yaml
	[ "$(inside /usr/local/bin/ordeal next /var/lib/ordeal/files/berlin.yaml --from 2026-07-01T00:00Z --for 1d --json |
		jq -r '.[0].at')" = 2026-07-01T00:30:00.000Z ]
	inside /usr/local/bin/ordeal run /var/lib/ordeal/files/berlin.yaml --quiet
	ls "$root"/var/lib/ordeal/runs/*/report.html
	run inside /usr/local/bin/ordeal run /etc/passwd --output /usr
	[ "$status" -ne 0 ]
}

@test "serve as the first process: it answers, runs what is due, leaves no zombie, and ends when told" {
	unpacked
	experiment beat '{cron: "* * * * * *"}'
	chown -R 65532:65532 "$files"
	start env -i XDG_STATE_HOME=/var/lib XDG_RUNTIME_DIR=/run "${inside[@]/$BATS_TEST_TMPDIR/$root}" \
		/usr/local/bin/ordeal serve /var/lib/ordeal/files
	daemon=$pid
	answers() { curl -sf --unix-socket "$root/run/ordeal/serve.sock" http://ordeal/healthz; }
	within 20 answers
	ended() { grep -q 'beat: ' "$T/err"; }
	within 20 ended
	first=$(pgrep -P "$daemon")
	alive() { ! pgrep -P "$first" | xargs -rI{} sed 's/.*) //' /proc/{}/stat 2>/dev/null | grep -q ^Z; }
	within 5 alive
	kill -TERM "$first"
	ended_with 0 "$daemon"
}

@test "containerd takes it in, and runs it" {
	[ "$(id -u)" = 0 ] || skip "containerd takes root"
	for program in containerd ctr runc; do
		command -v $program >/dev/null || skip "$program is not installed"
	done
	containerd_start "$T/containerd"
	ctr image import "$IMAGE"
	name=$(ctr image list -q)
	run ctr run --rm --read-only "$name" first /usr/local/bin/ordeal version
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == ordeal\ * ]]
	# As the user that it names, with none of root's capabilities.
	ctr run -d --mount type=tmpfs,src=none,dst=/run/ordeal,options=mode=700:uid=65532:gid=65532 "$name" second /usr/local/bin/ordeal serve /var/lib/ordeal
	status=/proc/$(ctr task list | awk '$1 == "second" {print $2}')/status
	[ "$(awk '$1 == "Uid:" {print $2, $3, $4, $5}' "$status")" = "65532 65532 65532 65532" ]
	[ "$(awk '$1 == "CapEff:" {print $2}' "$status")" = 0000000000000000 ]
	answers() { [ -S "/proc/$(ctr task list | awk '$1 == "second" {print $2}')/root/run/ordeal/serve.sock" ]; }
	within 10 answers
	ctr task kill -s SIGTERM second
	stopped() { ctr task list | grep -q 'second.*STOPPED'; }
	within 10 stopped
	ctr task delete second
}
