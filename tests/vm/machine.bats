# What a virtual machine promises to who uses it (tests/vm/machine).

setup() {
	machine=$SOURCE_DIR/tests/vm/machine
	run "$SOURCE_DIR/tests/vm/kernel" stable
	[ "$status" != 77 ] || skip "$output"
	command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86 is not installed"
	cd "$BATS_TEST_TMPDIR"
}

@test "a kernel of Debian's with sch_netem and all of cgroup v2, the host's files to read, and the exit status" {
	echo "of the host" >file
	mkdir share
	export SHARE=$PWD/share
	run "$machine" stable 60 bash -euc '
		[[ "$(uname -rv)" == *-amd64*Debian* ]]
		[ "$(nproc)" = 2 ]
		[ "$(id -u)" = 0 ]
		for c in cpu cpuset io memory pids; do grep -qw $c /sys/fs/cgroup/cgroup.subtree_control; done
		modprobe sch_netem
		ip link add va type veth peer name vb
		tc qdisc add dev va root netem delay 50ms 10ms distribution normal loss 1%
		tc qdisc show dev va
		cat file
		echo "of the machine" >file
		echo "$1 and $2" >/share/file
		exit 7' - "a  b" '$c'
	echo "$output"
	[ "$status" = 7 ]
	[[ "$output" == *"netem"*"delay 50ms  10ms loss 1%"*"of the host"* ]]
	[ "$(cat file)" = "of the host" ]
	[ "$(cat share/file)" = 'a  b and $c' ]
}

@test "it ends when its time is up, and nothing of it is left" {
	run "$machine" stable 12 sleep 1000
	echo "$output"
	[ "$status" = 124 ]
	[[ "$output" == *"it took more than 12 s"* ]]
	! grep -l "$BATS_TEST_TMPDIR" /proc/[0-9]*/cmdline 2>/dev/null || false
}

@test "a kernel that dies is told with the last words of its console" {
	run "$machine" stable 60 bash -c 'echo c >/proc/sysrq-trigger; sleep 60'
	echo "$output"
	[ "$status" = 125 ]
	[[ "$output" == *"it did not report"*"sysrq triggered crash"* ]]
}

@test "without a cache, and where nothing can be fetched, it says why and is skipped" {
	export XDG_CACHE_HOME=$PWD/cache
	run env http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 "$machine" backports 60 true
	echo "$output"
	[ "$status" = 77 ]
	[[ "$output" == *"no list of "*"-backports"* || "$output" == *"apt knows no mirror"* ]]
}
