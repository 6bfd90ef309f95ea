#!/usr/bin/env bats
# The dns probe against a real server, and against one that misbehaves in every way that is known.
load support
setup() { support_setup; cd "$T"; }
teardown() { support_teardown; }

# probe NAME DNS: one more signal probe.
probe() { printf '    - {name: %s, role: signal, dns: %s, every: 200ms, timeout: %s}\n' "$1" "$2" "${3:-2s}" >>probes; }
begin() { experiment names >names.yaml && : >probes; }
asked() { { sed '/^  steadyState/,$d' names.yaml; cat probes; sed -n '/^  steadyState/,$p' names.yaml; } >asked.yaml; }
ask() {
	asked
	"$ORDEAL" run asked.yaml --quiet "$@"
	jq -s 'map(select(.e == "sample" and .o != "skipped")) | group_by(.p) | map({key: .[0].p, value: map([.o, .why // ""]) | unique}) | from_entries' \
		state/ordeal/runs/latest/run.jsonl >seen
	cat seen
}
# each PROBE OUTCOME [WHY]: every sample of it was so.
each() { jq -e --arg p "$1" --arg o "$2" --arg w "${3:-}" '.[$p] | length > 0 and all(.[0] == $o and (.[1] | contains($w)))' seen; }

free_port() { python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { python3 - "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.2)
s.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\6orders\7example\0\0\1\0\1", ("127.0.0.1", int(sys.argv[1])))
s.recv(512)
END
}

@test "a real server: every type, both codes, UDP and TCP" {
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
	port=$(free_port)
	start dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --port="$port" --listen-address=127.0.0.1 --bind-interfaces \
		--user= --pid-file= --local=/example/ --address=/orders.example/10.0.0.7 --address=/orders.example/2001:db8::7 \
		--cname=alias.example,real.example --host-record=real.example,10.0.0.8 --txt-record=text.example,hello \
		--srv-host=_orders._tcp.example,real.example,5432 --mx-host=mail.example,real.example,10 --ptr-record=7.0.0.10.in-addr.arpa,orders.example \
		"$(for i in $(seq 60); do printf -- ' --host-record=many.example,10.0.1.%d' "$i"; done | cut -c2-)"
	within 20 answers "$port" || { cat "$T/err"; false; }
	begin
	s="server: \"127.0.0.1:$port\""
	probe a "{name: orders.example, $s, expect: {address: 10.0.0.7, answers: \"== 1\"}}"
	probe upper "{name: ORDERS.Example., $s}"
	probe aaaa "{name: orders.example, type: AAAA, $s, tcp: true, expect: {address: [\"2001:db8::7\", \"::1\"]}}"
	probe other "{name: orders.example, $s, expect: {address: [10.0.0.9]}}"
	probe cname "{name: alias.example, type: CNAME, $s}"
	probe through "{name: alias.example, $s, expect: {address: 10.0.0.8}}"
	probe text "{name: text.example, type: TXT, $s, tcp: true}"
	probe srv "{name: _orders._tcp.example, type: SRV, $s}"
	probe mx "{name: mail.example, type: MX, $s}"
	probe ptr "{name: 7.0.0.10.in-addr.arpa, type: PTR, $s}"
	probe gone "{name: gone.example, $s}"
	probe gone-is-good "{name: gone.example, $s, expect: {rcode: NXDOMAIN}}"
	probe none "{name: text.example, type: MX, $s}"
	ask
	each a ok
	each upper ok
	each aaaa ok
	each other wrong "10.0.0.7 is not expected"
	each cname ok
	each through ok
	each text ok
	each srv ok
	each mx ok
	each ptr ok
	each gone wrong "NXDOMAIN, not NOERROR"
	each gone-is-good ok
	each none wrong "no record of type MX"
}

@test "a server that misbehaves is seen as what it is" {
	start python3 "$SOURCE_DIR/tests/support/bad_dns.py" "$T/port"
	within 20 test -s port
	s="server: \"127.0.0.1:$(cat port)\""
	begin
	for name in good stray truncated servfail code11 empty elsewhere garbage tctwice tcreset tchalf; do
		probe "$name" "{name: $name.example, $s, expect: {address: 10.0.0.7}}"
	done
	for name in wrongid wrongname echo silent loop; do probe "$name" "{name: $name.example, $s}" 300ms; done
	probe short "{name: short.example, $s}" 1s
	probe slow "{name: slow.example, $s, expect: {within: 100ms}}" 2s
	probe refused "{name: good.example, server: \"127.0.0.1:$(free_port)\"}"
	probe refused-tcp "{name: good.example, tcp: true, server: \"127.0.0.1:$(free_port)\"}"
	[ ! -e /proc/net/if_inet6 ] || probe six "{name: good.example, server: \"[::1]:$(cat port)\"}"
	ask
	each good ok
	each stray ok # what is no answer to the question is not looked at
	each truncated ok # and asked again over TCP, which comes in pieces
	each servfail wrong "SERVFAIL, not NOERROR"
	each code11 wrong "code 11, not NOERROR"
	each empty wrong "no record of type A"
	each elsewhere wrong "10.0.0.9 is not expected"
	each garbage wrong garbled
	each short wrong garbled
	each tctwice wrong "over TCP: truncated"
	each tcreset reset
	each tchalf reset
	each wrongid timeout
	each wrongname timeout
	each echo timeout
	each silent timeout
	each loop timeout # its question is none, and so not ours
	each slow wrong "not within 100ms"
	each refused refused
	each refused-tcp refused
	[ ! -e /proc/net/if_inet6 ] || ! grep -q ' lo$' /proc/net/if_inet6 || each six ok
}

@test "ids and source ports are not the same twice, nor in order" {
	python3 - "$T/port" "$T/asked" <<'END' 3>&- &
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
s.settimeout(60)
with open(sys.argv[2], "w", buffering=1) as f:
    for _ in range(30):
        query, peer = s.recvfrom(512)
        print(int.from_bytes(query[:2], "big"), peer[1], file=f)
END
	started+=("$!")
	within 20 test -s port
	begin
	printf '    - {name: asked, role: signal, dns: {name: a.example, server: "127.0.0.1:%s"}, every: 20ms, timeout: 50ms}\n' "$(cat port)" >>probes
	ask
	within 20 test "$(wc -l <asked)" -ge 30
	[ "$(cut -d' ' -f1 asked | sort -u | wc -l)" -ge 29 ]
	[ "$(cut -d' ' -f2 asked | sort -u | wc -l)" -ge 15 ]
	sort -n asked >ordered
	run cmp asked ordered
	[ "$status" -ne 0 ]
}

@test "without a server it is the first of /etc/resolv.conf, and none there is said" {
	command -v dnsmasq >/dev/null || skip "dnsmasq is not installed"
	[ "$(id -u)" -eq 0 ] || skip "root is needed for port 53 and another /etc/resolv.conf"
	begin
	probe own "{name: orders.example, expect: {address: 10.0.0.7}}"
	asked
	printf '# first\nsearch example\nnameserver 127.0.0.1\nnameserver 127.0.0.9\noptions timeout:1\n' >resolv.conf
	printf '# none\noptions timeout:1\n' >empty.conf
	run unshare --mount --net --pid --fork --kill-child --propagation private sh -c '
		ip link set lo up && mount --bind resolv.conf /etc/resolv.conf || exit 99
		dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --port=53 --listen-address=127.0.0.1 --bind-interfaces \
			--user= --pid-file= --address=/orders.example/10.0.0.7 >dnsmasq.log 2>&1 &
		sleep 0.5
		"$ORDEAL" run asked.yaml --quiet -o found
		mount --bind empty.conf /etc/resolv.conf
		"$ORDEAL" run asked.yaml --quiet -o none'
	echo "$output"
	[[ $output == *"/etc/resolv.conf names no server; give the probe one"* ]]
	jq -es 'map(select(.e == "sample" and .p == "own" and .o != "skipped")) | length > 3 and all(.o == "ok")' found/latest/run.jsonl
}

# A run whose steady state, objective and abort are read from a dns probe alone, while its server stands still.
paused() {
	cat <<END
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: paused}
spec:
  hypothesis: A name is found again as soon as its server runs again.
  probes:
    - {name: name, dns: {name: good.example, server: "127.0.0.1:$(cat port)", expect: {address: $1}}, every: 50ms, timeout: 200ms}
  steadyState: [name.ok_ratio >= 0.5 over 500ms]
  abort: [name.ok_ratio < $2 over 500ms]
  faults: [{name: still, proc.pause: {}, target: {pid: $3}, for: $4}]
  objectives: [recover(after_rollback) within 10s hold 300ms]
  limits: {targets: 1, duration: $4}
END
}

@test "a dns probe is a run's steady state, its objective and what aborts it" {
	start python3 "$SOURCE_DIR/tests/support/bad_dns.py" "$T/port"
	server=$pid
	within 20 test -s port
	paused 10.0.0.7 0 "$server" 1s >recovers.yaml
	"$ORDEAL" run recovers.yaml --json >lines
	jq -es 'map(select(.e == "sample" and .p == "name")) | any(.[]; .o == "timeout") and any(.[]; .o == "ok")' lines
	jq -es '.[-1].e == "verdict" and .[-1].exit == 0' lines
	paused 10.0.0.7 0.5 "$server" 20s >aborts.yaml
	run "$ORDEAL" run aborts.yaml --quiet
	[ "$status" -eq 3 ]
	jq -es 'any(.[]; .e == "abort" and (.text | contains("name.ok_ratio < 0.5 over 500ms")))' state/ordeal/runs/latest/run.jsonl
	# Found, and not where it is expected: never steady.
	paused 10.0.0.9 0 "$server" 1s >elsewhere.yaml
	run "$ORDEAL" run elsewhere.yaml --quiet
	[ "$status" -eq 4 ]
}
