#!/usr/bin/env bats
# The static injector, put on a machine that has none, or another.

load net
load via

setup() {
	via_setup
	static=$BUILD_DIR/injector/host/ordeal-injector-static
	[ -x "$static" ] || skip "there is no static injector in this build"
	there=$dir/there/bin/ordeal-injector
	via="ssh -F $dir/ssh_config 10.77.0.2 $there"
}
teardown() { net_teardown; }

delay() { inject net.delay --delay 1ms --to 10.77.0.1:7000/tcp --host --for 20s --via "$via" "$@"; }

end() {
	kill -TERM "$client"
	wait "$client"
	tail -n1 "$dir/out" | jq -e '.event == "reverted" and .residue == 0'
}

@test "copied where there is none, not again where it is the same, again where it is another; never unasked" {
	not delay
	grep -qi 'no such file' "$dir/err"
	[ ! -e "$there" ]
	delay --via-copy || { cat "$dir/err"; false; }
	cmp "$static" "$there"
	holder=$(far_status | jq '.leases[0].holder')
	[ "$(readlink "/proc/$holder/exe")" = "$there" ]
	end
	inode=$(stat -c %i "$there")
	delay --via-copy || { cat "$dir/err"; false; }
	[ "$(stat -c %i "$there")" = "$inode" ]
	end
	printf x >>"$there"
	delay || { cat "$dir/err"; false; }
	end
	delay --via-copy || { cat "$dir/err"; false; }
	cmp "$static" "$there"
	end
	[ "$(ls "$dir/there/bin")" = ordeal-injector ]
}

@test "what cannot be written, what is cut short and what has no path are refused; nothing runs" {
	mkdir -p "$dir/there"
	touch "$dir/there/bin"
	not delay --via-copy
	grep -q "mkdir of the injector's copy failed" "$dir/err"
	rm "$dir/there/bin"
	# A dd there that takes half of it: the checksum tells.
	mkdir "$dir/bin"
	printf '#!/bin/sh\nfor a; do case $a in of=*) exec head -c 1000 >"${a#of=}";; esac; done\n' >"$dir/bin/dd"
	chmod 755 "$dir/bin/dd"
	via="ssh -F $dir/ssh_config 10.77.0.2 env PATH=$dir/bin:$PATH $there"
	not delay --via-copy
	grep -q 'another checksum' "$dir/err"
	[ -z "$(ls "$dir/there/bin")" ]
	via="ssh -F $dir/ssh_config 10.77.0.2 ordeal-injector"
	not delay --via-copy
	grep -q 'is the path of the injector there' "$dir/err"
}

@test "without ssh: words that go through no shell copy it too" {
	via="env nice $there"
	delay --via-copy || { cat "$dir/err"; false; }
	cmp "$static" "$there"
	end
}
