# net.dns as clients of name servers see it: a real server (dnsmasq) behind a link, clients that ask by hand, glibc's
# resolver with a resolv.conf of its own, and a local forwarder at 127.0.0.53, where systemd-resolved listens.

load net

setup() {
	net_setup
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
	mkdir -p "/etc/netns/$A"
	printf 'nameserver 10.77.0.2\noptions timeout:1 attempts:1\n' >"/etc/netns/$A/resolv.conf"
	long=$(printf '"%0250d",' $(seq 9))
	server "$B" --listen-address=10.77.0.2 --listen-address=fd77::2 \
		--host-record=www.example.test,192.0.2.1,2001:db8::1,300 --host-record=www.example.org,192.0.2.2,2001:db8::2,300 \
		--cname=alias.example.test,www.example.test --mx-host=example.test,www.example.test,1 \
		--txt-record=big.example.test,"${long//\"/}"
	for _ in $(seq 100); do [[ $(dns 10.77.0.2 tcp www.example.org A) == NOERROR* ]] && break; sleep .05; done
}

teardown() {
	[ -z "${C:-}" ] || ip netns del "$C" 2>/dev/null || :
	net_teardown
	[ -z "${A:-}" ] || rm -rf "/etc/netns/$A"
}

# server NAMESPACE OPTION...: dnsmasq that knows only what the options say.
server() {
	local ns=$1
	shift
	ip netns exec "$ns" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
		--user=root --pid-file= --local-ttl=300 --local=/test/ "$@" >"$dir/dnsmasq.$ns" 2>&1 8>&- 9>&- 3>&- &
	started+=($!)
}

dns() { in_a python3 "$SOURCE_DIR/tests/root/net_dns.py" ask "$@"; }
keep() { background "$1" ip netns exec "$A" python3 "$SOURCE_DIR/tests/root/net_dns.py" keep "${@:2}"; }
# is TEXT PATTERN
is() { [[ $1 == $2 ]] || { echo "'$1' is not '$2'" && return 1; }; }
# everywhere NAME TYPE PATTERN [edns]: both transports, both families
everywhere() {
	local line n=0
	while read -r line; do
		is "$line" "$3"
		n=$((n + 1))
	done < <(in_a python3 "$SOURCE_DIR/tests/root/net_dns.py" everywhere 10.77.0.2 fd77::2 "$1" "$2" ${4:-})
	[ "$n" = 4 ]
}
elapsed() { sed 's/.* ms=//' <<<"$1"; }

@test "nxdomain, servfail, refused: matched names alone, udp and tcp, both families" {
	for effect in nxdomain servfail refused; do
		ask net.dns '{"name":"*.example.test","effect":"'$effect'"}'
		everywhere www.example.test A "${effect^^} - flags=- opt=none*"
		everywhere www.example.test AAAA "${effect^^} - flags=- opt=do*" edns
		everywhere wWw.eXample.TEST A "${effect^^} - *"
		everywhere www.example.org A "NOERROR A=192.0.2.2/300 *"
		everywhere example.test MX "NOERROR MX=* *"
		revert
		[ "$(figure matched_answers)" = 12 ]
		[ "$(figure "$effect")" = 12 ]
		[ "$(figure over_tcp)" = 6 ]
		[ "$(figure unread)" = 0 ]
		everywhere www.example.test A "NOERROR A=192.0.2.1/300 *"
	done
}

@test "only the record types that were named" {
	ask net.dns '{"name":".example.test,nobody.example","type":"AAAA,MX","effect":"nxdomain"}'
	everywhere www.example.test A "NOERROR A=192.0.2.1/300 *"
	everywhere www.example.test AAAA "NXDOMAIN - *"
	everywhere example.test MX "NXDOMAIN - *"
	revert
}

@test "drop: the client hears nothing, other questions on the same socket are answered" {
	ask net.dns '{"name":"www.example.test","effect":"drop"}'
	for server in 10.77.0.2 fd77::2; do
		for transport in udp tcp; do
			run dns $server $transport www.example.test A www.example.org A alias.example.test A
			[ "${lines[0]}" = nothing ]
			is "${lines[1]}" "NOERROR A=192.0.2.2/300 *"
			is "${lines[2]}" "NOERROR CNAME=* *"
		done
	done
	revert
	[ "$(figure dropped)" = 4 ]
}

@test "delay: by as much as asked, other names in time" {
	ask net.dns '{"name":"www.example.test","effect":"delay","delay":300000000}'
	for server in 10.77.0.2 fd77::2; do
		for transport in udp tcp; do
			out=$(dns $server $transport www.example.test A)
			is "$out" "NOERROR A=192.0.2.1/300 *"
			between 300 600 "$(elapsed "$out")"
			between 0 150 "$(elapsed "$(dns $server $transport www.example.org A)")"
		done
	done
	revert
	between 4 12 "$(figure delayed)"
	[ "$(figure dropped_limit)" = 0 ]
}

@test "delay: what is held when the fault ends is answered then" {
	ask net.dns '{"name":"www.example.test","effect":"delay","delay":20000000000}'
	dns 10.77.0.2 udp www.example.test A >"$dir/held" 3>&- 8>&- 9>&- &
	started+=($!)
	client=$!
	taken 1
	[ ! -s "$dir/held" ]
	revert
	wait $client
	is "$(cat "$dir/held")" "NOERROR A=192.0.2.1/300 *"
}

@test "address: both families of the answer, behind an alias too, and no cache keeps it" {
	ask net.dns '{"name":"*.example.test","effect":"address","address":"198.51.100.7, 2001:db8:bad::7"}'
	everywhere www.example.test A "NOERROR A=198.51.100.7/0 *"
	everywhere www.example.test AAAA "NOERROR AAAA=2001:db8:bad::7/0 *"
	everywhere alias.example.test A "NOERROR CNAME=*,A=198.51.100.7/0 *" edns
	everywhere www.example.org A "NOERROR A=192.0.2.2/300 *"
	is "$(in_a getent ahostsv4 www.example.test)" "198.51.100.7 *"
	is "$(in_a getent ahostsv6 www.example.test)" "2001:db8:bad::7 *"
	revert
	is "$(in_a getent ahostsv4 www.example.test)" "192.0.2.1 *"
}

@test "ttl: of every record, over TCP also where an answer comes in several packets" {
	ask net.dns '{"name":".example.test","effect":"ttl","ttl":77000000000}'
	everywhere www.example.test A "NOERROR A=192.0.2.1/77 *"
	everywhere alias.example.test AAAA "NOERROR CNAME=*/77,AAAA=2001:db8::1/77 *" edns
	for server in 10.77.0.2 fd77::2; do
		is "$(dns $server tcp big.example.test TXT)" "NOERROR TXT=22*/77 *"
	done
	revert
}

@test "nxdomain over TCP: an answer of several packets keeps its length" {
	ask net.dns '{"name":"big.example.test","effect":"nxdomain"}'
	for server in 10.77.0.2 fd77::2; do
		run dns $server tcp big.example.test TXT www.example.test A
		is "${lines[0]}" "NXDOMAIN - *"
		is "${lines[1]}" "NOERROR A=192.0.2.1/300 *"
	done
	revert
}

@test "truncate: the client asks again over TCP and gets its answer" {
	ask net.dns '{"name":"*.example.test","effect":"truncate"}'
	for server in 10.77.0.2 fd77::2; do
		is "$(dns $server udp www.example.test A edns)" "NOERROR - flags=*t* opt=do *"
		is "$(dns $server tcp www.example.test A)" "NOERROR A=192.0.2.1/300 flags=a opt=none *"
		is "$(dns $server udp www.example.org A)" "NOERROR A=192.0.2.2/300 flags=a *"
	done
	is "$(in_a getent ahostsv4 www.example.test)" "192.0.2.1 *"
	revert
	between 3 6 "$(figure truncated)"
}

@test "glibc's resolver sees what a resolver says, over udp and tcp" {
	for options in '' use-vc; do
		printf 'nameserver fd77::2\noptions timeout:1 attempts:1 %s\n' "$options" >"/etc/netns/$A/resolv.conf"
		ask net.dns '{"name":"www.example.test","type":"A","effect":"nxdomain"}'
		run in_a getent ahostsv4 www.example.test
		[ "$status" = 2 ]
		is "$(in_a getent ahostsv6 www.example.test)" "2001:db8::1 *"
		is "$(in_a getent ahostsv4 www.example.org)" "192.0.2.2 *"
		revert
		is "$(in_a getent ahostsv4 www.example.test)" "192.0.2.1 *"
	done
}

@test "a forwarder of the host's own at 127.0.0.53 is met on loopback" {
	printf 'nameserver 127.0.0.53\noptions timeout:1 attempts:1 edns0 trust-ad\n' >"/etc/netns/$A/resolv.conf"
	server "$A" --listen-address=127.0.0.53 --server=/org/10.77.0.2 --server=10.77.0.2 --cache-size=0
	for _ in $(seq 100); do [[ $(dns 127.0.0.53 udp www.example.org A) == NOERROR* ]] && break; sleep .05; done
	ask net.dns '{"name":"www.example.org","effect":"servfail","to":["127.0.0.53"]}'
	run in_a getent ahostsv4 www.example.org
	[ "$status" = 2 ]
	is "$(dns 127.0.0.53 udp www.example.org A)" "SERVFAIL - *"
	is "$(dns 127.0.0.53 tcp www.example.org A)" "SERVFAIL - *"
	is "$(dns 10.77.0.2 udp www.example.org A)" "NOERROR A=192.0.2.2/300 *"
	revert
	# Without it: the forwarder's own question is hit, and its client hears what that comes to.
	ask net.dns '{"name":"www.example.org","effect":"address","address":"198.51.100.9"}'
	is "$(in_a getent ahostsv4 www.example.org)" "198.51.100.9 *"
	revert
	is "$(in_a getent ahostsv4 www.example.org)" "192.0.2.2 *"
}

@test "TCP: connections from before, several questions on each, lengths and answers cut anywhere" {
	background "$dir/cut" ip netns exec "$B" python3 "$SOURCE_DIR/tests/root/net_dns.py" serve 10.77.0.2 5353
	keep "$dir/old" 10.77.0.2 tcp www.example.test 9
	sleep .3
	ask net.dns '{"name":"www.example.test","effect":"address","address":"198.51.100.7","ttl":5000000000,"to":["10.77.0.2:53","10.77.0.2:5353"]}'
	three="A=198.51.100.7/5,A=198.51.100.7/5,A=198.51.100.7/5"
	run dns 10.77.0.2:5353 tcp www.example.test A www.example.org A www.example.test A
	is "${lines[0]}" "NOERROR $three *"
	is "${lines[1]}" "NOERROR A=192.0.2.10/300,A=192.0.2.11/300,A=192.0.2.12/300 *"
	is "${lines[2]}" "NOERROR $three *"
	revert
	ask net.dns '{"name":"www.example.test","effect":"refused","to":["10.77.0.2:53","10.77.0.2:5353"]}'
	run dns 10.77.0.2:5353 tcp www.example.test A www.example.org A
	is "${lines[0]}" "REFUSED - *"
	is "${lines[1]}" "NOERROR A=192.0.2.10/300,A=192.0.2.11/300,A=192.0.2.12/300 *"
	sleep .3
	grep -q REFUSED "$dir/old"
	revert
	sleep .2
	is "$(tail -n 1 "$dir/old")" "* NOERROR"
	[ "$(figure unread)" = 0 ]
}

# killed SERVER TRANSPORT: the next answer on the same socket is direct, and so is every one after it.
killed() {
	keep "$dir/keep" "$@" www.example.test 8
	ask net.dns '{"name":"www.example.test","effect":"servfail"}'
	for _ in $(seq 100); do grep -q SERVFAIL "$dir/keep" && break; sleep .02; done
	grep -q SERVFAIL "$dir/keep"
	guardian=$(pgrep -P "$holder" || true)
	at=$(python3 -c 'import time; print(int(time.monotonic() * 1000))')
	kill -KILL "$holder" $guardian
	for _ in $(seq 100); do
		first=$(awk -v at="$at" '$1 >= at && $2 == "NOERROR" {print $1 - at; exit}' "$dir/keep")
		[ -z "$first" ] || break
		sleep .02
	done
	# What was in the queue at that instant is lost: a client's second try, or a retransmission.
	between 0 1500 "$first"
	sleep .2
	[ "$(awk -v at=$((at + first)) '$1 > at && $2 == "SERVFAIL"' "$dir/keep" | wc -l)" = 0 ]
	[ -z "$(in_a nft list ruleset)" ]
}
@test "TCP: ninety questions at once, whose answers end where packets do not" {
	ask net.dns '{"name":"www.example.test","effect":"nxdomain"}'
	for server in 10.77.0.2 fd77::2; do
		dns $server tcp $(printf 'www.example.test A www.example.org A %.0s' $(seq 45)) | cut -d' ' -f1 | sort | uniq -c >"$dir/count"
		is "$(tr -s ' \n' ' ' <"$dir/count")" "*45 NOERROR 45 NXDOMAIN*"
	done
	revert
	[ "$(figure matched_answers)" = 90 ]
	[ "$(figure unread)" = 0 ]
}

@test "SIGKILL of both: a UDP socket of before is answered directly, IPv4" { killed 10.77.0.2 udp; }
@test "SIGKILL of both: a UDP socket of before is answered directly, IPv6" { killed fd77::2 udp; }
@test "SIGKILL of both: a TCP connection of before lives and is answered directly, IPv4" { killed 10.77.0.2 tcp; }
@test "SIGKILL of both: a TCP connection of before lives and is answered directly, IPv6" { killed fd77::2 tcp; }

@test "percent: a share, the same one with the same seed" {
	for i in 1 2; do
		ask net.dns '{"name":"www.example.test","effect":"nxdomain","percent":300000}'
		names=$(printf 'www.example.test A %.0s' $(seq 90))
		dns 10.77.0.2 udp $names | cut -d' ' -f1 >"$dir/fate$i"
		revert
		[ "$(figure matched_answers)" = 90 ]
	done
	between 14 42 "$(grep -c NXDOMAIN "$dir/fate1")"
	cmp "$dir/fate1" "$dir/fate2"
}

@test "to and exclude: which servers; clients: those of a server here" {
	ask net.dns '{"name":"www.example.test","effect":"refused","to":["fd77::2"]}'
	is "$(dns fd77::2 udp www.example.test A)" "REFUSED *"
	is "$(dns 10.77.0.2 udp www.example.test A)" "NOERROR *"
	revert
	ask net.dns '{"name":"www.example.test","effect":"refused","exclude":["fd77::2"]}'
	is "$(dns fd77::2 tcp www.example.test A)" "NOERROR *"
	is "$(dns 10.77.0.2 tcp www.example.test A)" "REFUSED *"
	revert
	server "$A" --listen-address=10.77.0.1 --listen-address=fd77::1 --host-record=mine.example.test,192.0.2.5,300
	client() { in_b python3 "$SOURCE_DIR/tests/root/net_dns.py" ask "$@"; }
	for _ in $(seq 100); do [[ $(client 10.77.0.1 tcp mine.example.test A) == NOERROR* ]] && break; sleep .05; done
	ask net.dns '{"name":"mine.example.test","effect":"nxdomain","clients":"remote"}'
	for server in 10.77.0.1 fd77::1; do
		for transport in udp tcp; do
			is "$(client $server $transport mine.example.test A)" "NXDOMAIN *"
		done
	done
	is "$(dns 10.77.0.1 udp mine.example.test A)" "NOERROR *"
	revert
}

@test "clients behind the namespace: their answers are met where they are routed" {
	C=${A}c
	ip netns add "$C"
	ip link add vc netns "$A" type veth peer name vd netns "$C"
	for side in "$A vc 1" "$C vd 9"; do
		set -- $side
		ip -n "$1" link set "$2" addrgenmode none
		ip -n "$1" addr add "10.88.0.$3/24" dev "$2"
		ip -n "$1" addr add "fd88::$3/64" dev "$2" nodad
		ip -n "$1" link set "$2" up
	done
	# Who forwards IPv6 looks for neighbours from a link's own address.
	for side in "$A va 1" "$B vb 2" "$A vc 1" "$C vd 9"; do
		set -- $side
		ip -n "$1" addr add "fe80::$3/64" dev "$2" nodad
	done
	in_a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n "$C" route add default via 10.88.0.1
	ip -n "$C" -6 route add default via fd88::1
	ip -n "$B" route add 10.88.0.0/24 via 10.77.0.1
	ip -n "$B" -6 route add fd88::/64 via fd77::1
	client() { ip netns exec "$C" python3 "$SOURCE_DIR/tests/root/net_dns.py" ask "$@"; }
	for server in 10.77.0.2 fd77::2; do
		for _ in $(seq 20); do [[ $(client $server udp www.example.test A) == NOERROR* ]] && break; done
		is "$(client $server tcp www.example.test A)" "NOERROR *"
	done
	ask net.dns '{"name":"*.example.test","effect":"nxdomain","clients":"forwarded"}'
	for server in 10.77.0.2 fd77::2; do
		for transport in udp tcp; do
			is "$(client $server $transport www.example.test A)" "NXDOMAIN *"
			is "$(dns $server $transport www.example.test A)" "NOERROR *"
		done
		is "$(client $server tcp big.example.test TXT)" "NXDOMAIN *"
	done
	revert
	ip netns del "$C"
}

@test "two at once: each is put back alone" {
	ask net.dns '{"name":"www.example.test","effect":"nxdomain"}'
	ask2 net.dns '{"name":"www.example.org","effect":"refused"}'
	everywhere www.example.test A "NXDOMAIN *"
	everywhere www.example.org A "REFUSED *"
	exec 9>&-
	sleep .3
	everywhere www.example.test A "NXDOMAIN *"
	everywhere www.example.org A "NOERROR *"
}

@test "what contradicts itself is refused, with the reason" {
	no() {
		if ask net.dns "$1"; then return 1; fi
		grep -q "$2" "$dir/events" || { cat "$dir/events"; return 1; }
		exec 8>&-
	}
	no '{"name":"www.example.test","effect":"delay"}' 'effect delay needs delay'
	no '{"name":"www.example.test","effect":"address"}' 'effect address needs address'
	no '{"name":"www.example.test","effect":"drop","ttl":1000000000}' 'ttl belongs to effect ttl or address, not to drop'
	no '{"name":"www.example.test","effect":"ttl","ttl":1500000000}' 'ttl counts in whole seconds'
	no '{"name":"a..b","effect":"drop"}' 'is no name'
	no '{"name":"www.example.test","type":"AAAAA","effect":"drop"}' 'is no record type'
	no '{"name":"www.example.test","effect":"address","address":"10.0.0.300"}' 'one IPv4 address'
	no '{"name":"www.example.test","effect":"drop","to":["10.0.0.1/icmp"]}' 'ICMP'
}

@test "all names of the whole host are taken away only where that was said" {
	local request='{"protocol":1,"op":"add","lease":"whole","fault":"net.dns","args":%s,"target":{"host":true},"hold_ns":1000000,"seed":1%s}\n'
	# shellcheck disable=SC2059
	run sh -c "printf '$request' '{\"name\":\"a.test,*\",\"effect\":\"servfail\"}' '' | ip netns exec $A $injector"
	[[ "$output" == *'"code":"guard"'* && "$output" == *"whole host"* ]]
	for args in '{"name":"*","effect":"servfail","percent":100000}' '{"name":"*","effect":"ttl","ttl":5000000000}'; do
		# shellcheck disable=SC2059
		run sh -c "(printf '$request' '$args' ''; sleep 1) | ip netns exec $A $injector"
		[[ "$output" == *'"injected"'* ]]
	done
}
