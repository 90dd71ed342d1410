"""A WebSocket server that echoes: `serve KEY CERT TOKEN`, and the client of it: `talk URL`."""

import ssl
import sys

from websockets.sync.client import connect
from websockets.sync.server import serve as listen


def serve(key, certificate, token):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def echo(connection):
        if connection.request.headers.get("Authorization") != f"Bearer {token}":
            connection.close(4401, "another authorization was expected")
            return
        for message in connection:
            connection.send(message)

    with listen(echo, "127.0.0.1", 0, ssl=context) as server:
        print(f"port={server.socket.getsockname()[1]}", flush=True)
        server.serve_forever()


def talk(url):
    with connect(url, open_timeout=20) as socket:
        large = "x" * 200_000
        for message in ["hello", b"\x00\xff", large]:
            socket.send(message)
            assert socket.recv(timeout=20) == message
        socket.ping().wait(20)
        print("echoed")


serve(*sys.argv[2:]) if sys.argv[1] == "serve" else talk(*sys.argv[2:])
