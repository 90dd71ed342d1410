"""A server whose answers have no length and end without TLS close_notify, as Python's own servers do:
`serve KEY CERT TOKEN`. And what its clients get: `get URL DIRECT-PORT ROOTS`, in a session and past it.
"""

import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests

BODY = b'{"ok":true}'


def serve(key, certificate, token):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.headers.get("Authorization") == f"Bearer {token}" or self.path == "/direct"
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"port={server.socket.getsockname()[1]}", flush=True)
    server.serve_forever()


def curl(*arguments):
    done = subprocess.run(["curl", "-s", *arguments], capture_output=True, timeout=20)
    return done.returncode, done.stdout


def get(url, port, roots):
    host = url.split("/")[2]
    address = ["--noproxy", "*", "--resolve", f"{host}:{port}:127.0.0.1", "--cacert", roots]
    direct = curl(*address, f"https://{host}:{port}/direct")
    assert direct[1] == BODY, direct
    through = curl(url)
    assert through == direct, (direct, through)
    answer = requests.get(url, timeout=20)
    print(answer.status_code, answer.text)


serve(*sys.argv[2:]) if sys.argv[1] == "serve" else get(*sys.argv[2:])
