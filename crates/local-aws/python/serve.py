"""Serves moto on a free loopback port for as long as standard input stays open.

The port is printed on standard output as soon as connections are accepted. The process that started the
server holds the other end of standard input; the operating system closes it however that process ends,
so no server outlives the one who needed it.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

LOOPBACK = "127.0.0.1"


class QuietRequestHandler(MotoRequestHandler):
    """Leaves standard error to what went wrong."""

    def log_request(self, code="-", size="-"):
        pass


def keep_to_loopback():
    """Makes every attempt to reach another machine an error, whatever code it comes from."""

    def refuse_remote(event, arguments):
        if event == "socket.gethostbyaddr":
            # The standard library looks up its own name while binding; it goes on without an answer.
            raise PermissionError("the local AWS looks up no names")
        host = None
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        if host not in (None, LOOPBACK, "localhost", "::1"):
            raise PermissionError(f"the local AWS does not connect to {host}")

    sys.addaudithook(refuse_remote)


def exit_when_standard_input_closes():
    while sys.stdin.buffer.read(4096):
        pass
    # Not sys.exit: requests that are still running must not keep the process alive.
    os._exit(0)


def main():
    keep_to_loopback()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        LOOPBACK, 0, application, threaded=True, request_handler=QuietRequestHandler
    )
    # moto calls itself for some operations and looks here for its own port.
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=exit_when_standard_input_closes, daemon=True).start()
    print(server.port, flush=True)
    server.serve_forever()


main()
