#!/usr/bin/env bats
# traceparent: each request begins a W3C trace of its own, and its sample names it.
load support
setup() { support_setup; cd "$T"; }
teardown() { support_teardown; }

@test "what the server was sent is what the samples name, and no trace is sent unasked" {
	python3 - "$T/port" "$T/heard" <<'END' 3>&- &
import http.server, os, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a") as f:
            print(self.path, self.headers.get("traceparent"), file=f)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
threading.Thread(target=server.serve_forever, daemon=True).start()
threading.Event().wait(60)
END
	started+=("$!")
	within 20 test -s port
	url=http://127.0.0.1:$(cat port)
	experiment traced >traced.yaml
	sed -i "/^  steadyState/i\\    - {name: fresh, role: signal, http: {url: \"$url/fresh\", traceparent: true}, every: 50ms}\\
    - {name: kept, role: signal, http: {url: \"$url/kept\", traceparent: true, connection: keep-alive}, every: 50ms}\\
    - {name: plain, role: signal, http: {url: \"$url/plain\"}, every: 50ms}" traced.yaml
	"$ORDEAL" run traced.yaml --quiet
	run=state/ordeal/runs/latest/run.jsonl
	jq -es 'map(select(.e == "sample" and (.p == "fresh" or .p == "kept") and .o == "ok")) |
		length > 10 and all(.trace | test("^[0-9a-f]{32}$")) and (map(.trace) | unique | length) == length' "$run"
	jq -es 'map(select(.e == "sample" and .p == "plain")) | length > 5 and all(has("trace") | not)' "$run"
	# Version 00, the trace, a span of its own, sampled.
	[ "$(grep -c '^/plain None$' heard)" -gt 5 ]
	run grep -Ev '^/plain None$|^/(fresh|kept) 00-[0-9a-f]{32}-[0-9a-f]{16}-01$' heard
	[ "$status" -eq 1 ]
	run=state/ordeal/runs/latest/run.jsonl
	jq -r 'select(.e == "sample" and .trace and .o == "ok").trace' "$run" | sort >named
	sed -n 's/^[^ ]* 00-\([0-9a-f]*\)-.*/\1/p' heard | sort >sent
	[ -z "$(comm -23 named sent)" ]
	# The request's span has the second half of the trace's digits.
	run grep -Ev '^/plain None$|-[0-9a-f]{16}([0-9a-f]{16})-\1-01$' heard
	[ "$status" -eq 1 ]
	# What met a closed connection was sent twice.
	[ "$(grep -o -- '-[0-9a-f]\{16\}-' heard | sort -u | wc -l)" -eq "$(sort -u sent | wc -l)" ]
}

