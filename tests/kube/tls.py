#!/usr/bin/env python3
"""tls.py certs DIR: certificates, made by openssl: ca, other-ca; server (localhost, 127.0.0.1, kube.example), expired,
wrong (another name), stranger (of other-ca); client, client-expired. DIR/NAME.crt, DIR/NAME.key.
tls.py MODE DIR: a server on loopback, a thread for each connection; prints its port, and what it saw. Ends with its standard input."""
import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

CONNECTIONS_MAX = 200
ENDS = "20010101000000Z"


def openssl(*words, text=None):
    subprocess.run(["openssl", *words], input=text, check=True, capture_output=True, text=True)


def certify(folder, name, names, issuer, usage, dates=()):
    """A certificate of that issuer; `openssl ca`, since `x509` makes none that has expired."""
    at = lambda end: os.path.join(folder, end)
    conf = (f"[ca]\ndefault_ca=d\n[d]\ndatabase={at('index')}\nnew_certs_dir={folder}\nrand_serial=yes\ndefault_md=sha256\n"
            f"default_days=2\nunique_subject=no\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n"
            f"[x]\nbasicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else ""))
    with open(at("conf"), "w", encoding="ascii") as f:
        f.write(conf)
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", at(f"{name}.key"), "-out", at("csr"))
    openssl("ca", "-batch", "-notext", "-config", at("conf"), "-cert", at(f"{issuer}.crt"), "-keyfile", at(f"{issuer}.key"),
            "-in", at("csr"), "-out", at(f"{name}.crt"), *dates)


def certificates(folder):
    with open(os.path.join(folder, "index"), "w", encoding="ascii"):
        pass
    for name in ("ca", "other-ca"):
        path = os.path.join(folder, name)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", path + ".key", "-out", path + ".crt")
    past = ("-startdate", "20000101000000Z", "-enddate", ENDS)
    here = "DNS:localhost,IP:127.0.0.1,DNS:kube.example"
    certify(folder, "server", here, "ca", "serverAuth")
    certify(folder, "expired", here, "ca", "serverAuth", past)
    certify(folder, "wrong", "DNS:elsewhere.example", "ca", "serverAuth")
    certify(folder, "stranger", here, "other-ca", "serverAuth")
    certify(folder, "client", "", "ca", "clientAuth")
    certify(folder, "client-expired", "", "ca", "clientAuth", past)


def tell(**what):
    print(json.dumps(what), flush=True)


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return None
        head += piece
    return head.decode("latin-1")


def linger(secure):
    """Lets the alert arrive: a connection that is closed with the request unread is reset, and takes the alert with it."""
    secure.shutdown(socket.SHUT_WR)
    while secure.recv(65536):
        pass


def headers(head):
    pairs = (line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


class Server:
    def __init__(self, mode, folder):
        self.mode, self.folder, self.asked = mode, folder, None

    def context(self):
        name = self.mode if self.mode in ("expired", "wrong", "stranger") else "server"
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(os.path.join(self.folder, f"{name}.crt"), os.path.join(self.folder, f"{name}.key"))
        if self.mode.startswith("mutual"):
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(os.path.join(self.folder, "ca.crt"))
        if self.mode == "mutual-1.2":
            made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.sni_callback = self.named
        return made

    def named(self, _socket, name, _context):
        self.asked = name

    def answer(self, connection):
        """Over TLS: who was asked for, as JSON."""
        with self.context().wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
            try:
                secure.do_handshake()
            except ssl.SSLError as error:
                tell(error=str(error))
                linger(secure)
                return
            while (head := read_head(secure)) is not None:
                body = json.dumps({"kind": "Pod", "sni": self.asked, "host": headers(head).get("host")})
                tell(asked=head.split(" ")[1], authorization=headers(head).get("authorization"),
                     encoding=headers(head).get("accept-encoding"))
                secure.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                               .encode())

    def plain(self, connection):
        """What Go's server says to a ClientHello on a port without TLS, more or less."""
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    def stall(self, connection):
        connection.recv(65536)
        connection.settimeout(60)
        connection.recv(1)

    def close(self, connection):
        connection.recv(65536)

    def proxy(self, connection):
        """CONNECT for who has the password; proxy-full: for nobody now."""
        head = read_head(connection) or ""
        tell(connect=head.split(" ")[1] if " " in head else "", authorization=headers(head).get("authorization"),
             proxied=bool(headers(head).get("proxy-authorization")))
        want = "Basic " + base64.b64encode(b"who:s3cr3t word").decode()
        if self.mode == "proxy-full":
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        elif headers(head).get("proxy-authorization") != want:
            connection.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 Go\r\n\r\n")
            host, _, port = head.split(" ")[1].rpartition(":")
            tunnel(connection, socket.create_connection((host.strip("[]"), int(port)), timeout=10))

    def serve(self, connection):
        try:
            with connection:
                connection.settimeout(30)
                modes = {"plain": self.plain, "stall": self.stall, "close": self.close, "proxy": self.proxy,
                         "proxy-full": self.proxy}
                modes.get(self.mode, self.answer)(connection)
        except OSError as error:
            tell(error=str(error))


def tunnel(one, other):
    def copy(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
    one.settimeout(None)
    other.settimeout(None)
    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
    other.close()


def main():
    mode, folder = sys.argv[1:]
    if mode == "certs":
        certificates(folder)
        return
    server = Server(mode, folder)
    listener = socket.create_server(("127.0.0.1", 0))
    tell(port=listener.getsockname()[1])
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    for _ in range(CONNECTIONS_MAX):
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


main()
