"""A gRPC service of plain bytes: `serve KEY CERT TOKEN`, and the client of it: `call TARGET`.

The client's messages and metadata are what a person's program would send; the service answers a
unary call and a stream, and tells the authorization that it saw in trailing metadata.
"""

import os
import sys
from concurrent import futures

import grpc


def serve(key, certificate, token):
    def authorized(context):
        seen = dict(context.invocation_metadata()).get("authorization")
        if seen != f"Bearer {token}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "another authorization was expected")
        context.set_trailing_metadata((("x-seen", "the real one"),))

    def say(request, context):
        authorized(context)
        return request[::-1]

    def count(requests, context):
        authorized(context)
        for request in requests:
            yield request * 2

    server = grpc.server(futures.ThreadPoolExecutor(4))
    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(say),
        "Count": grpc.stream_stream_rpc_method_handler(count),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Echo", handlers),))
    pair = (open(key, "rb").read(), open(certificate, "rb").read())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    print(f"port={port}", flush=True)
    server.wait_for_termination()


def call(target):
    placeholder = os.environ["NOTION_ACCESS_TOKEN"]
    metadata = (("authorization", f"Bearer {placeholder}"),)
    with grpc.secure_channel(target, grpc.ssl_channel_credentials()) as channel:
        answer, done = channel.unary_unary("/demo.Echo/Say").with_call(b"hello", metadata=metadata, timeout=20)
        seen = dict(done.trailing_metadata())["x-seen"]
        several = channel.stream_stream("/demo.Echo/Count")(iter([b"a", b"b", b"c"]), metadata=metadata, timeout=20)
        print(answer.decode(), seen, b" ".join(several).decode(), done.code().name)


serve(*sys.argv[2:]) if sys.argv[1] == "serve" else call(*sys.argv[2:])
