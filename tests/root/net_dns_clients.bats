#!/usr/bin/env bats
# net.dns as the clients see it that people have: dig and delv (a validator) of a BIND that signs its zone, and a systemd-resolved
# with what asks it by D-Bus (resolvectl) and at its stub. Both daemons are unpacked, not installed, and run in the test's namespaces.

load net

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	lacking=
	named=$("$SOURCE_DIR/tests/support/unpacked" bind9 bind9-libs) || lacking=$named
	resolved=$("$SOURCE_DIR/tests/support/unpacked" systemd-resolved libsystemd-shared) || lacking=$resolved
	export named resolved lacking
}

setup() {
	net_setup
	command -v dig >/dev/null || skip "bind9-dnsutils is not installed"
	command -v dbus-daemon >/dev/null || skip "dbus-daemon is not installed"
	[ -z "$lacking" ] || skip "$lacking"
	chmod 755 "$dir"
	mkdir -p "/etc/netns/$A"
	echo 'nameserver 127.0.0.53' >"/etc/netns/$A/resolv.conf"
	server
}

teardown() {
	net_teardown
	[ -z "${A:-}" ] || rm -rf "/etc/netns/$A"
}

# A server in B for two zones, of which one is signed.
server() {
	local zone
	for zone in example.test signed.example; do
		cat >"$dir/$zone" <<-END
			\$TTL 300
			@ SOA ns root 1 3600 600 86400 300
			@ NS ns
			@ MX 1 www
			ns A 10.77.0.2
			www A 192.0.2.1
			www AAAA 2001:db8::1
			other A 192.0.2.2
			other AAAA 2001:db8::2
			alias CNAME www
		END
	done
	cat >"$dir/named.conf" <<-END
		options { directory "$dir"; listen-on { 10.77.0.2; }; listen-on-v6 { fd77::2; }; recursion no; pid-file none; session-keyfile none; };
		controls { };
		zone "example.test" { type primary; file "$dir/example.test"; };
		zone "signed.example" { type primary; file "$dir/signed.example"; dnssec-policy default; inline-signing yes; };
	END
	LD_LIBRARY_PATH=$(echo "$named"/usr/lib/*/) ip netns exec "$B" "$named/usr/sbin/named" -g -n 1 -c "$dir/named.conf" >"$dir/named.log" 2>&1 8>&- 9>&- 3>&- &
	started+=($!)
	until_is "*RRSIG*" in_a dig +dnssec +timeout=1 @10.77.0.2 www.signed.example A || { cat "$dir/named.log"; return 1; }
}

# dig ...: as a client in A, who knows that the server looks nowhere else.
asks() { in_a dig +norecurse "$@" 2>&1; }

# until_is PATTERN COMMAND...: its output, in the end.
until_is() {
	local pattern=$1
	shift
	for _ in $(seq 200); do
		# shellcheck disable=SC2053 # a pattern
		[[ $("$@" 2>&1) == $pattern ]] && return 0
		sleep .05
	done
	"$@"
	return 1
}

# is TEXT PATTERN. isnot TEXT PATTERN.
# shellcheck disable=SC2053 # a pattern
is() { [[ $1 == $2 ]] || { echo "'$1' is not '$2'" && return 1; }; }
# shellcheck disable=SC2053
isnot() { [[ $1 != $2 ]] || { echo "'$1' is '$2'" && return 1; }; }

# dug PATTERN NAME TYPE: over UDP and TCP, IPv4 and IPv6, with and without what EDNS may carry; dig finds nothing to warn of.
dug() {
	local pattern=$1 server way out
	shift
	for server in '-4 @10.77.0.2' '-6 @fd77::2'; do
		for way in '+notcp +noedns' '+tcp +noedns' '+notcp +nsid +dnssec' '+tcp +padding=128 +dnssec'; do
			# shellcheck disable=SC2086 # words
			out=$(asks $server $way +timeout=2 +tries=1 "$@") || { echo "$out" && return 1; }
			is "${out,,}" "$pattern" || { echo "$server $way" && return 1; }
			isnot "${out,,}" '*warning*' && isnot "$out" '*malformed*' && isnot "$out" '*mismatch*'
			# What the client said it can, and its cookie, are answered.
			[[ $way == *noedns ]] || is "$out" '*EDNS: version: 0*COOKIE: *(good)*'
			[[ $way != *dnssec ]] || is "$out" '*flags: do*'
		done
	done
}

@test "dig: every effect, udp and tcp, IPv4 and IPv6, plain, with EDNS and with DNSSEC" {
	dug '*noerror*192.0.2.1*' www.example.test A
	for effect in nxdomain servfail refused; do
		ask net.dns '{"name":"*.example.test,*.signed.example","effect":"'$effect'"}'
		dug "*status: $effect*answer: 0*" www.example.test A
		dug "*status: $effect*answer: 0*" www.signed.example ANY
		revert
		[ "$(figure unread)" = 0 ]
	done
	ask net.dns '{"name":"www.example.test","effect":"address","address":"198.51.100.7,2001:db8:bad::7"}'
	dug '*noerror*www.example.test.*0*a*198.51.100.7*' www.example.test A
	dug '*noerror*2001:db8:bad::7*' www.example.test ANY
	is "$(asks @fd77::2 other.example.test A)" '*NOERROR*192.0.2.2*'
	revert
	ask net.dns '{"name":"*.signed.example","effect":"ttl","ttl":77000000000}'
	dug '*www.signed.example.*77*in*a*192.0.2.1*' www.signed.example A
	revert
}

@test "dig: truncated and asked again, delayed, dropped" {
	ask net.dns '{"name":"www.example.test","effect":"truncate"}'
	for server in 10.77.0.2 fd77::2; do
		is "$(asks +dnssec +timeout=2 @$server www.example.test A)" '*Truncated, retrying in TCP mode*192.0.2.1*'
		is "$(asks +ignore @$server www.example.test A)" '*flags: qr aa tc;*ANSWER: 0*'
	done
	revert
	ask net.dns '{"name":"www.example.test","effect":"delay","delay":300000000}'
	for way in '+notcp @10.77.0.2' '+tcp @fd77::2'; do
		# shellcheck disable=SC2086 # words
		between 300 900 "$(asks $way +timeout=5 www.example.test A | sed -n 's/.*Query time: \([0-9]*\) msec/\1/p')"
	done
	revert
	ask net.dns '{"name":"www.example.test","effect":"drop"}'
	run asks +notcp +timeout=1 +tries=1 @10.77.0.2 www.example.test A
	[ "$status" = 9 ]
	# On a stream something must take its place; dig alone tells of it.
	run asks +tcp +timeout=1 +tries=1 @fd77::2 www.example.test A
	is "$output" '*ID mismatch*'
	isnot "$output" '*192.0.2.1*'
	revert
}

@test "dig: many questions in one connection" {
	for _ in $(seq 30); do printf 'www.example.test A\nother.example.test AAAA\nwww.signed.example A\n'; done >"$dir/batch"
	ask net.dns '{"name":"www.example.test","effect":"nxdomain"}'
	for server in 10.77.0.2 fd77::2; do
		asks +tcp +keepopen +dnssec @$server -f "$dir/batch" >"$dir/said"
		[ "$(grep -c 'status: NXDOMAIN' "$dir/said")" = 30 ]
		[ "$(grep -c 'status: NOERROR' "$dir/said")" = 60 ]
		run grep -c WARNING "$dir/said"
		[ "$output" = 0 ]
	done
	revert
	[ "$(figure matched_answers)" = 60 ]
	[ "$(figure unread)" = 0 ]
}

# anchor: the key of the signed zone, as delv and resolved have it.
anchor() {
	asks +short @10.77.0.2 signed.example DNSKEY | sed -n 's/^257 3 \([0-9]*\) /\1 /p' | {
		read -r algorithm key
		key=${key// /}
		echo "trust-anchors { signed.example. static-key 257 3 $algorithm \"$key\"; };" >"$dir/anchor"
		echo "signed.example. IN DNSKEY 257 3 $algorithm $key" >"$dir/signed.positive"
	}
}

@test "a validator: an answer with another address is bogus, one with another TTL is not, a denial without proof is none" {
	anchor
	validated() { in_a delv @10.77.0.2 -a "$dir/anchor" +root=signed.example "$@" 2>&1; }
	is "$(validated www.signed.example A)" '*fully validated*192.0.2.1*'
	ask net.dns '{"name":"www.signed.example","effect":"address","address":"198.51.100.7"}'
	is "$(validated www.signed.example A)" '*RRSIG failed to verify*'
	is "$(validated www.signed.example AAAA)" '*fully validated*2001:db8::1*'
	revert
	ask net.dns '{"name":"www.signed.example","effect":"ttl","ttl":7000000000}'
	is "$(validated www.signed.example A)" '*fully validated*192.0.2.1*'
	revert
	ask net.dns '{"name":"www.signed.example","effect":"nxdomain"}'
	isnot "$(validated www.signed.example A)" '*192.0.2.1*'
	isnot "$(validated www.signed.example A)" '*fully validated*'
	revert
	is "$(validated www.signed.example A)" '*fully validated*192.0.2.1*'
}

# resolver LINE...: systemd-resolved in A, with these lines in its configuration and a /run of its own; and a bus.
resolver() {
	cat >"$dir/inside" <<-END
		mount --make-rprivate / && mount -t tmpfs -o mode=755 none /run &&
		umask 022 && mkdir -p /run/dbus /run/systemd/resolve /run/systemd/resolved.conf.d /run/dnssec-trust-anchors.d &&
		{ cat /etc/passwd; echo systemd-resolve:x:61499:61499::/:/usr/sbin/nologin; } >/run/passwd && mount --bind /run/passwd /etc/passwd &&
		{ cat /etc/group; echo systemd-resolve:x:61499:; } >/run/group && mount --bind /run/group /etc/group &&
		chown 61499:61499 /run/systemd/resolve && cp "$dir/resolved.conf" /run/systemd/resolved.conf.d/ &&
		if [ -e "$dir/signed.positive" ]; then cp "$dir/signed.positive" /run/dnssec-trust-anchors.d/; fi &&
		echo ready && exec "$resolved/lib/systemd/systemd-resolved"
	END
	printf '%s\n' '[Resolve]' FallbackDNS= LLMNR=no MulticastDNS=no "$@" >"$dir/resolved.conf"
	cat >"$dir/bus.conf" <<-END
		<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth><policy context="default">
		<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow send_type="method_call"/></policy></busconfig>
	END
	library=$(echo "$resolved"/usr/lib/*/systemd)
	LD_LIBRARY_PATH=$library background "$dir/resolved.log" ip netns exec "$A" unshare -m sh "$dir/inside"
	there=${started[-1]}
	nsenter -t "$there" -m -n dbus-daemon --config-file="$dir/bus.conf" --nofork --nopidfile >"$dir/bus.log" 2>&1 8>&- 9>&- 3>&- &
	started+=($!)
	until_is '*Global*' ctl status && "${linked:-true}"
	until_is '*192.0.2.2*' ctl query other.example.test || { cat "$dir"/*.log; return 1; }
}
there() { nsenter -t "$there" -m -n "$@"; }
ctl() { LD_LIBRARY_PATH=$library there "$resolved/usr/bin/resolvectl" "$@" 2>&1; }
# asked NAME: by D-Bus, nothing of it being in the cache.
asked() { ctl flush-caches && ctl query "$@"; }

@test "systemd-resolved: every effect, asked by D-Bus and at its stub, while other names are found" {
	for servers in 10.77.0.2 fd77::2; do
		resolver "DNS=$servers" 'Domains=~.' DNSSEC=no
		for effect in nxdomain servfail refused; do
			ask net.dns '{"name":"www.example.test","effect":"'$effect'"}'
			said=$(asked www.example.test || :)
			case $effect in nxdomain) is "$said" "*'www.example.test' not found*" ;; *) is "$said" "*${effect^^}*" ;; esac
			is "$(ctl query other.example.test)" '*192.0.2.2*'
			for way in +notcp +tcp +dnssec; do
				is "$(there dig $way @127.0.0.53 www.example.test A)" "*status: ${effect^^}*ANSWER: 0*"
			done
			revert
			is "$(asked www.example.test)" '*192.0.2.1*'
		done
		ask net.dns '{"name":"www.example.test","effect":"address","address":"198.51.100.7,2001:db8:bad::7"}'
		said=$(asked www.example.test)
		is "$said" '*198.51.100.7*'
		is "$said" '*2001:db8:bad::7*'
		is "$(there getent ahostsv4 www.example.test)" '198.51.100.7 *'
		revert
		is "$(there getent ahostsv4 www.example.test)" '192.0.2.1 *'
		ask net.dns '{"name":"www.example.test","effect":"truncate"}'
		is "$(asked www.example.test)" '*192.0.2.1*'
		revert
		[ "$(figure truncated)" -ge 2 ]
		ask net.dns '{"name":"www.example.test","effect":"delay","delay":400000000}'
		between 400 2000 "$(asked www.example.test | sed -n 's/.*via protocol DNS in \([0-9.]*\)ms.*/\1/p')"
		revert
		kill -KILL "$there"
	done
}

@test "systemd-resolved: a server of a link, whose sockets are bound to the device" {
	linked() { ctl dns va fd77::2 && ctl domain va '~.'; }
	linked=linked
	resolver DNSSEC=no
	is "$(there ss -Hun state connected 'dport = :53'; ctl status va)" '*Current DNS Server: fd77::2*'
	ask net.dns '{"name":"www.example.test","effect":"nxdomain","device":"va"}'
	is "$(asked www.example.test || :)" "*'www.example.test' not found*"
	is "$(ctl query other.example.test)" '*192.0.2.2*'
	revert
	is "$(asked www.example.test)" '*192.0.2.1*link: va*'
}

@test "systemd-resolved: what is in its cache is answered by D-Bus until flushed, and never unchanged at its stub" {
	resolver 'DNS=10.77.0.2' 'Domains=~.' DNSSEC=no
	is "$(ctl query www.example.test)" '*192.0.2.1*'
	ask net.dns '{"name":"www.example.test","effect":"nxdomain"}'
	is "$(ctl query www.example.test)" '*192.0.2.1*cache*'
	is "$(there dig @127.0.0.53 www.example.test A)" '*status: NXDOMAIN*'
	is "$(asked www.example.test || :)" "*'www.example.test' not found*"
	revert
	# Nothing of it is kept: without a flush.
	is "$(ctl query www.example.test)" '*192.0.2.1*'
	ask net.dns '{"name":"www.example.test","effect":"address","address":"198.51.100.7"}'
	is "$(asked -4 www.example.test)" '*198.51.100.7*'
	revert
	is "$(ctl query -4 www.example.test)" '*192.0.2.1*'
	# But SERVFAIL, for ten seconds.
	ask net.dns '{"name":"www.example.test","effect":"servfail"}'
	is "$(asked www.example.test || :)" '*SERVFAIL*'
	revert
	is "$(ctl query www.example.test || :)" '*SERVFAIL*'
	is "$(asked www.example.test)" '*192.0.2.1*'
}

@test "systemd-resolved that validates: what was changed is refused, and nobody hears the address" {
	anchor
	resolver 'DNS=10.77.0.2' 'Domains=~.' DNSSEC=yes
	is "$(asked www.signed.example)" '*192.0.2.1*authenticated: yes*'
	ask net.dns '{"name":"www.signed.example","effect":"address","address":"198.51.100.7"}'
	is "$(asked -4 www.signed.example || :)" '*DNSSEC validation failed*'
	is "$(ctl query other.signed.example)" '*192.0.2.2*authenticated: yes*'
	revert
	is "$(asked www.signed.example)" '*192.0.2.1*authenticated: yes*'
}
