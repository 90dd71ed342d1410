"""HTTP/2 as no client should speak it: `illegal`, `floods` or `trailers`. Prints what came of each case.

Frames are made by hand, since libraries refuse to make most of these. The sections are RFC 9113's.
"""

import base64
import os
import socket
import ssl
import struct
import sys
from urllib.parse import urlsplit

from hpack import Decoder, Encoder

HOST = "api.notion.test"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32
WHOLE = END_HEADERS | END_STREAM


def frame(kind, flags, stream, payload=b"", length=None):
    head = struct.pack(">I", len(payload) if length is None else length)[1:]
    return head + struct.pack(">BBI", kind, flags, stream) + payload


def fields(*more, **changed):
    """A request's head, with pseudo-fields changed, or left out where None."""
    pseudo = {"method": "GET", "scheme": "https", "authority": HOST, "path": "/bad", **changed}
    return [(f":{name}", value) for name, value in pseudo.items() if value is not None] + list(more)


def head(headers, stream=1, flags=WHOLE):
    return frame(HEADERS, flags, stream, Encoder().encode(headers))


def number(value):
    return struct.pack(">I", value)


def setting(name, value):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", name, value))


POST = fields(method="POST")
GET = fields()
OPEN = head(POST, flags=END_HEADERS)
DONE = head(POST)

ILLEGAL = {
    # 3.4, 4: frames
    "4.2 a frame larger than allowed": OPEN + frame(DATA, END_STREAM, 1, bytes(20_000_000)),
    "4.3 a header block that is none": frame(HEADERS, WHOLE, 1, b"\xff\xff\xff\xff\xff\xff\xff"),
    "4.3 a header block that ends in a field": frame(HEADERS, WHOLE, 1, Encoder().encode(GET)[:-3]),
    "4.3 an index that is not in the table": frame(HEADERS, WHOLE, 1, b"\xfe"),
    "4.3 a table larger than agreed": frame(HEADERS, WHOLE, 1, b"\x3f\xff\xff\xff\x7f" + Encoder().encode(GET)),
    "4.3 another frame within a header block": frame(HEADERS, END_STREAM, 1, Encoder().encode(GET)) + frame(PING, 0, 0, bytes(8)),
    "4.3 another stream within a header block": frame(HEADERS, END_STREAM, 1, Encoder().encode(GET)) + head(GET, 3),
    # 5.1: states of streams
    "5.1 data on an idle stream": frame(DATA, END_STREAM, 1, b"x"),
    "5.1 a reset of an idle stream": frame(RST_STREAM, 0, 1, number(0)),
    "5.1 a window for an idle stream": frame(WINDOW_UPDATE, 0, 1, number(1)),
    "5.1 a continuation of an idle stream": frame(CONTINUATION, END_HEADERS, 1, b""),
    "5.1.1 an even stream": head(GET, 2),
    "5.1.1 stream 0": head(GET, 0),
    "5.1.1 a stream below the last": head(fields(path="/good"), 5) + head(GET, 3),
    # 6: each kind of frame
    "6.1 data on stream 0": frame(DATA, END_STREAM, 0, b"x"),
    "6.1 more padding than data": OPEN + frame(DATA, END_STREAM | PADDED, 1, b"\x09abc"),
    "6.2 more padding than head": frame(HEADERS, WHOLE | PADDED, 1, b"\xff" + Encoder().encode(GET)),
    "6.3 a priority of another length": OPEN + frame(PRIORITY, 0, 1, bytes(4)),
    "6.3 a priority of stream 0": frame(PRIORITY, 0, 0, bytes(5)),
    "6.4 a reset of another length": OPEN + frame(RST_STREAM, 0, 1, bytes(3)),
    "6.4 a reset of stream 0": frame(RST_STREAM, 0, 0, number(0)),
    "6.5 settings on a stream": OPEN + frame(SETTINGS, 0, 1, b""),
    "6.5 half a setting": frame(SETTINGS, 0, 0, bytes(5)),
    "6.5 an acknowledgement with content": frame(SETTINGS, ACK, 0, bytes(6)),
    "6.5.2 a push that is neither on nor off": setting(2, 2),
    "6.5.2 a window larger than any": setting(4, 2**31),
    "6.5.2 frames smaller than the least": setting(5, 16383),
    "6.5.2 frames larger than the most": setting(5, 2**24),
    "6.6 a client's push": OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + Encoder().encode(GET)),
    "6.7 a ping on a stream": OPEN + frame(PING, 0, 1, bytes(8)),
    "6.7 a ping of another length": frame(PING, 0, 0, bytes(6)),
    "6.8 a farewell on a stream": OPEN + frame(GOAWAY, 0, 1, bytes(8)),
    "6.9 a window of nothing": frame(WINDOW_UPDATE, 0, 0, number(0)),
    "6.9 a stream's window of nothing": OPEN + frame(WINDOW_UPDATE, 0, 1, number(0)),
    "6.9 a window of another length": frame(WINDOW_UPDATE, 0, 0, bytes(3)),
    "6.9.1 a window beyond the most": frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)) * 2,
    "6.9.1 a stream's window beyond the most": OPEN + frame(WINDOW_UPDATE, 0, 1, number(2**31 - 1)) * 2,
    "6.10 a continuation after the end": OPEN + frame(CONTINUATION, END_HEADERS, 1, Encoder().encode([("a", "b")])),
    "6.10 a continuation of stream 0": frame(CONTINUATION, END_HEADERS, 0, b""),
    # 8.1: messages
    "8.1 trailers that do not end": OPEN + head([("a", "b")], flags=END_HEADERS),
    "8.1 pseudo-fields in trailers": head(fields(method="POST", path="/good"), flags=END_HEADERS) + head([(":path", "/x")]),
    "8.1.1 less than its length": head(POST + [("content-length", "9")], flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"x"),
    "8.1.1 more than its length": head(POST + [("content-length", "1")], flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"xyz"),
    "8.1.1 no body but a length": head(POST + [("content-length", "9")]),
    "8.1.1 a length that is none": head(POST + [("content-length", "+1")], flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"x"),
    "8.1.1 two lengths": head(POST + [("content-length", "1"), ("content-length", "2")], flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"x"),
    # 8.2: fields, and what becomes another request in HTTP/1
    "8.2.1 an upper-case name": head(fields(("Accept", "*"))),
    "8.2.1 a name with a colon": head(fields(("a:b", "c"))),
    "8.2.1 a name with a blank": head(fields(("a b", "c"))),
    "8.2.1 a name with a line end": head(fields(("a\r\nx", "c"))),
    "8.2.1 an empty name": head(fields(("", "c"))),
    "8.2.1 a value with CRLF": head(fields(("a", "b\r\n\r\nGET /bad HTTP/1.1"))),
    "8.2.1 a value with LF": head(fields(("a", "b\nx: y"))),
    "8.2.1 a value with CR": head(fields(("a", "b\rx: y"))),
    "8.2.1 a value with NUL": head(fields(("a", "b\0c"))),
    "8.2.2 connection": head(fields(("connection", "close"))),
    "8.2.2 keep-alive": head(fields(("keep-alive", "1"))),
    "8.2.2 proxy-connection": head(fields(("proxy-connection", "close"))),
    "8.2.2 transfer-encoding": head(POST + [("transfer-encoding", "chunked")], flags=END_HEADERS) + frame(DATA, END_STREAM, 1, b"0\r\n\r\n"),
    "8.2.2 upgrade": head(fields(("upgrade", "h2c"))),
    "8.2.2 te": head(fields(("te", "gzip"))),
    # 8.3: pseudo-fields
    "8.3 an unknown one": head(fields((":x", "y"))),
    "8.3 a response's": head(fields((":status", "200"))),
    "8.3 after other fields": head([("a", "b")] + GET),
    "8.3 one of them twice": head(GET + [(":path", "/x")]),
    "8.3.1 no method": head(fields(method=None)),
    "8.3.1 no scheme": head(fields(scheme=None)),
    "8.3.1 no path": head(fields(path=None)),
    "8.3.1 an empty path": head(fields(path="")),
    "8.3.1 a path that is none": head(fields(path="bad")),
    "8.3.1 a path with a blank": head(fields(path="/bad HTTP/1.1")),
    "8.3.1 a path with CRLF": head(fields(path="/bad HTTP/1.1\r\nHost: x\r\n\r\nGET /bad")),
    "8.3.1 a method with a blank": head(fields(method="GET /bad HTTP/1.1")),
    "8.3.1 a method with CRLF": head(fields(method="GET\r\n")),
    "8.3.1 a scheme that is a URL": head(fields(scheme="https://other.test/bad?")),
    "8.3.1 another scheme": head(fields(scheme="http")),
    "8.3.1 another authority": head(fields(authority="other.test")),
    "8.3.1 another port": head(fields(authority=HOST + ":8443")),
    "8.3.1 an authority with a user": head(fields(authority="user@" + HOST)),
    "8.3.1 an authority with CRLF": head(fields(authority=HOST + "\r\nx: y")),
    "8.3.1 another host beside the authority": head(fields(("host", "other.test"))),
    "8.3.1 two hosts": head(fields(("host", HOST), ("host", "other.test"), authority=None)),
    "8.5 a tunnel within": head([(":method", "CONNECT"), (":authority", "other.test:443")]),
}

FLOODS = {
    "resets": b"".join(head(GET, stream) + frame(RST_STREAM, 0, stream, number(8)) for stream in range(1, 20_000, 2)),
    "a head without an end": frame(HEADERS, END_STREAM, 1, Encoder().encode(GET))
    + frame(CONTINUATION, 0, 1, b"\x00\x01a" + b"\x7f\x81\x7f" + b"x" * 16_000) * 2_000,
    "empty continuations": frame(HEADERS, END_STREAM, 1, Encoder().encode(GET)) + frame(CONTINUATION, 0, 1) * 100_000,
    "one field many times": frame(HEADERS, WHOLE, 1, Encoder().encode(GET) + b"\x40\x01a\x7f\x81\x1e" + b"x" * 4_000 + b"\xbe" * 12_000),
    "empty data": OPEN + frame(DATA, 0, 1) * 200_000,
    "pings": frame(PING, 0, 0, bytes(8)) * 200_000,
    "settings": frame(SETTINGS, 0, 0) * 200_000,
    "priorities": frame(PRIORITY, 0, 1, bytes([0, 0, 0, 3, 9])) * 200_000,
    "windows of one byte": setting(4, 1) + head(fields(path="/bytes?n=100000")) + frame(WINDOW_UPDATE, 0, 1, number(1)) * 20_000,
}


def connect():
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    stream = socket.create_connection((proxy.hostname, proxy.port), 10)
    user = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    stream.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\nProxy-Authorization: Basic {user}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += stream.recv(1)
    assert b" 200" in answer.split(b"\r\n")[0], answer
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    context.set_alpn_protocols(["h2"])
    stream = context.wrap_socket(stream, server_hostname=HOST)
    assert stream.selected_alpn_protocol() == "h2"
    return stream


def exactly(stream, count):
    parts = b""
    while len(parts) < count:
        part = stream.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def outcome(stream, patience):
    """The first thing that the other side says about it."""
    decoder = Decoder()
    stream.settimeout(patience)
    try:
        while True:
            first = exactly(stream, 9)
            payload = exactly(stream, int.from_bytes(first[:3], "big"))
            if first[3] == GOAWAY:
                return f"goaway {int.from_bytes(payload[4:8], 'big')}"
            if first[3] == RST_STREAM:
                return f"reset {int.from_bytes(payload, 'big')}"
            if first[3] == HEADERS:
                status = dict(decoder.decode(payload))[":status"]
                # Of the one request that is good the answer is as it should be.
                if int.from_bytes(first[5:9], "big") != 5:
                    return f"status {status}"
    except TimeoutError:
        return "silence"
    except (EOFError, OSError):
        return "closed"


def play(name, frames, patience):
    stream = connect()
    try:
        stream.settimeout(20)
        stream.sendall(PREFACE + frame(SETTINGS, 0, 0) + frames)
    except (OSError, TimeoutError):
        pass
    print(f"{name}: {outcome(stream, patience)}", flush=True)
    stream.close()


def good():
    stream = connect()
    stream.sendall(PREFACE + frame(SETTINGS, 0, 0) + head(fields(path="/good")))
    print(f"a good request: {outcome(stream, 10)}", flush=True)
    stream.close()


def trailers():
    """The upstream sends back what trailers it gets."""
    for name, value in TRAILERS:
        stream, decoder, came = connect(), Decoder(), []
        opening = head(fields(("te", "trailers"), method="POST", path="/echo"), flags=END_HEADERS)
        stream.sendall(PREFACE + frame(SETTINGS, 0, 0) + opening + frame(DATA, 0, 1, b"x") + head([(name, value)]))
        stream.settimeout(5)
        try:
            while True:
                first = exactly(stream, 9)
                payload = exactly(stream, int.from_bytes(first[:3], "big"))
                if first[3] == HEADERS:
                    came.append(decoder.decode(payload))
                if first[3] in (GOAWAY, RST_STREAM) or first[3] in (HEADERS, DATA) and first[4] & END_STREAM:
                    break
        except (EOFError, OSError):
            pass
        print(f"{name}: {came[1:]}", flush=True)
        stream.close()


TRAILERS = [
    ("x-checksum", "1"),
    ("authorization", "Bearer authsome-proxy-managed"),
    ("x-note", "authsome-proxy-managed"),
    ("x-authsome-connection", "default"),
    ("proxy-authorization", "Basic eDp5"),
]

if sys.argv[1] == "trailers":
    trailers()
else:
    for case, sent in {"illegal": ILLEGAL, "floods": FLOODS}[sys.argv[1]].items():
        play(case, sent, 1 if sys.argv[1] == "illegal" else 3)
    good()
