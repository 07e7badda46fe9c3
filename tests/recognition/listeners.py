"""Listeners on loopback, and the ways in which a service fails."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

HOST = "127.0.0.1"
PATIENCE = 5.0


class Replies(NamedTuple):
    """The greeting of a server, and two beginnings of a response: in its head, in its body."""

    greeting: bytes
    head: bytes
    body: bytes


REPLIES: Mapping[str, Replies] = {
    "amqp": Replies(b"", b"\x01\x00\x00", b"\x01\x00\x00\x00\x00\x00\x64half"),
    "http": Replies(
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Ty",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    ),
    "memcache": Replies(b"", b"VAL", b"VALUE :1:key 0 100\r\nhalf"),
    "redis": Replies(b"", b"$1", b"$100\r\nhalf"),
    "smtp": Replies(b"220 here\r\n", b"250-ha", b"250-half\r\n250-ha"),
    "stream": Replies(b"", b"h", b"half"),
}

Address = tuple[str, int]
Serve = Callable[[socket.socket, Replies], None]
# Makes a fault, and yields the address to connect to.
Fault = Callable[[Replies], AbstractContextManager[Address]]


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Yield the address of a listener that calls `serve` with one connection after another.

    All connections stay open until the end.
    """
    with contextlib.ExitStack() as stack, socket.create_server((HOST, 0)) as listener:
        connections: list[socket.socket] = []
        done = threading.Event()

        def accept_all() -> None:
            while True:
                connection = stack.enter_context(listener.accept()[0])
                connections.append(connection)
                if done.is_set():
                    return
                connection.settimeout(PATIENCE)
                # The client may close the connection first.
                with contextlib.suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=accept_all)
        thread.start()
        address = listener.getsockname()
        try:
            yield address
        finally:
            done.set()
            for connection in list(connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            # One more connection ends the thread.
            with contextlib.suppress(OSError), socket.create_connection(address, PATIENCE):
                thread.join(PATIENCE)
    assert not thread.is_alive()


def replying(*replies: bytes, greeting: bytes = b"") -> AbstractContextManager[Address]:
    """Listen, and send the next reply to each request; the last reply repeats."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for number in range(100):
            if not connection.recv(65536):
                return
            connection.sendall(replies[min(number, len(replies) - 1)])

    return listening(serve)


def accepting(serve: Serve) -> Fault:
    """Return the fault of a listener that accepts a connection and calls `serve` with it."""
    return lambda replies: listening(lambda connection: serve(connection, replies))


def close(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    """Close the connection so that the client reads ECONNRESET."""
    # A reset discards the bytes that the client has not read yet.
    time.sleep(0.02)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def keep_silent(connection: socket.socket, replies: Replies) -> None:
    pass


def responding(part: str, end: Callable[[socket.socket], None] | None = None) -> Serve:
    """Return a function that reads a request, sends a part of `Replies`, and calls `end`."""

    def serve(connection: socket.socket, replies: Replies) -> None:
        connection.sendall(replies.greeting)
        connection.recv(65536)
        connection.sendall(getattr(replies, part, b""))
        if end is not None:
            end(connection)

    return serve


hang_up, break_off = responding("", close), responding("", reset)


def use_another_protocol(connection: socket.socket, replies: Replies) -> None:
    if not replies.greeting:
        connection.recv(65536)
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    connection.close()


@contextlib.contextmanager
def refuse_connections(replies: Replies) -> Iterator[Address]:
    """Yield an address without a listener."""
    with socket.create_server((HOST, 0)) as listener:
        address = listener.getsockname()
    yield address


@contextlib.contextmanager
def be_unknown(replies: Replies) -> Iterator[Address]:
    """Yield a name that does not resolve.

    `.invalid` never does (RFC 2606), and no query is sent for a name of over 255 letters.
    """
    yield ".".join(["a" * 60] * 5) + ".invalid", 9


@contextlib.contextmanager
def be_unreachable(replies: Replies) -> Iterator[Address]:
    """Yield an address that no stream reaches: ENETUNREACH, with a network and without."""
    yield "255.255.255.255", 9


@contextlib.contextmanager
def never_accept(replies: Replies) -> Iterator[Address]:
    """Yield the address of a listener with a full backlog: the kernel drops new connections."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((HOST, 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


FAULTS: Mapping[str, Fault] = {
    "unknown": be_unknown,
    "unreachable": be_unreachable,
    "refuses": refuse_connections,
    "never accepts": never_accept,
    "never responds": accepting(keep_silent),
    "hangs up": accepting(hang_up),
    "resets": accepting(break_off),
    "closes in the head": accepting(responding("head", close)),
    "closes in the body": accepting(responding("body", close)),
    "resets in the body": accepting(responding("body", reset)),
    "stalls in the body": accepting(responding("body")),
    "uses another protocol": accepting(use_another_protocol),
}

# The client waits until its timeout.
TIMEOUTS = frozenset({"never accepts", "never responds", "stalls in the body"})
