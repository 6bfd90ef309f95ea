#!/usr/bin/env python3
"""bad_policy.py PORTFILE [CERT KEY]: what is asked for leave and answers as the path says: as an Open Policy Agent does, or in
ways that must not be taken for it. It listens on 127.0.0.1, with TLS where a certificate is given, writes its port into the
file, what it was asked last into PORTFILE.asked and the header Authorization into PORTFILE.auth, and ends after 90 seconds."""
import http.server
import os
import ssl
import sys
import threading

TRUE = b'{"result": true}'
BODIES = {
    "/allow": b'{"decision_id": "d-17", "result": {"allow": true, "reasons": []}}',
    "/true": TRUE,
    "/false": b'{"result": false}',
    "/reasons": b'{"result": {"allow": false, "reasons": ["it is a holiday", "ask \\u001b[31mAda"]}}',
    "/deny": b'{"result": {"allow": true, "deny": ["not on Fridays"]}}',
    "/undefined": b"{}",
    "/no-allow": b'{"result": {"reasons": []}}',
    "/text": b'{"result": {"allow": "true"}}',
    "/one": b'{"result": {"allow": 1}}',
    "/list": b'{"result": [true]}',
    "/twice": b'{"result": false, "result": true}',
    "/html": b"<html>true</html>",
    "/empty": b"",
    "/long": b'{"result": true, "x": "' + b"x" * 100000 + b'"}',
}
STATUS = {"/201": 201, "/204": 204, "/302": 302, "/401": 401, "/404": 404, "/500": 500}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):  # nobody asks so, not even after a redirect
        self.say(200, TRUE)

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        for name, data in (("asked", asked), ("auth", self.headers.get("Authorization", "").encode())):
            with open(f"{sys.argv[1]}.{name}", "wb") as f:
                f.write(data)
        path = self.path.split("?")[0]
        if path == "/hang-up":
            self.close_connection = True
        elif path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + TRUE)
            self.close_connection = True
        elif path in STATUS:
            self.say(STATUS[path], TRUE)
        else:
            self.say(200, BODIES[path])

    def say(self, status, body):
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/true")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Timer(90, lambda: os._exit(0)).start()
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
