"""The server of Python's library, which does not mark the end of a body."""

from __future__ import annotations

import socket
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django_apierrors.wsgi import get_wsgi_application


class Server(ThreadingMixIn, WSGIServer):
    """Has a thread for each connection."""

    daemon_threads = True


if __name__ == "__main__":
    server = Server(("", 0), WSGIRequestHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
    server.server_name, server.server_port = "127.0.0.1", 0
    server.setup_environ()
    server.set_app(get_wsgi_application())
    server.serve_forever()
