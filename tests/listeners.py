"""Listeners on loopback that fail as services do, each in a way and a protocol of its own."""

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


class Words(NamedTuple):
    """What a server says: before it is asked, and of its answer the beginning and more."""

    greeting: bytes
    head: bytes
    body: bytes


WORDS: Mapping[str, Words] = {
    "amqp": Words(b"", b"\x01\x00\x00", b"\x01\x00\x00\x00\x00\x00\x64half"),
    "http": Words(
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Ty",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    ),
    "memcache": Words(b"", b"VAL", b"VALUE :1:key 0 100\r\nhalf"),
    "redis": Words(b"", b"$1", b"$100\r\nhalf"),
    "smtp": Words(b"220 here\r\n", b"250-ha", b"250-half\r\n250-ha"),
    "stream": Words(b"", b"h", b"half"),
}

NONSENSE = b"SSH-2.0-OpenSSH_9.2\r\n\r\n"

Address = tuple[str, int]
Serve = Callable[[socket.socket, Words], None]
Place = Callable[[Words], AbstractContextManager[Address]]


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Yield the address of a listener that has `serve` deal with each connection.

    One after the other, and it keeps all of them until the end.
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
                # That the other side is gone is no failure of ours.
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
            # One more connection, which ends the thread.
            with contextlib.suppress(OSError), socket.create_connection(address, PATIENCE):
                thread.join(PATIENCE)
    assert not thread.is_alive()


def reset(connection: socket.socket) -> None:
    """Break the connection off: the other side reads ECONNRESET."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hear(connection: socket.socket, words: Words) -> None:
    """Say what is said first, and read the question."""
    connection.sendall(words.greeting)
    connection.recv(65536)


def accepting(serve: Serve) -> Place:
    """Return the place of a listener that accepts, and goes on with `serve`."""
    return lambda words: listening(lambda connection: serve(connection, words))


def keep_silent(connection: socket.socket, words: Words) -> None:
    """Never answer."""


def hang_up(connection: socket.socket, words: Words) -> None:
    """Close in place of an answer."""
    hear(connection, words)
    connection.close()


def break_off(connection: socket.socket, words: Words) -> None:
    """Reset in place of an answer."""
    hear(connection, words)
    reset(connection)


def close_in_the_head(connection: socket.socket, words: Words) -> None:
    """Close before what an answer begins with is complete."""
    hear(connection, words)
    connection.sendall(words.head)
    connection.close()


def close_in_the_body(connection: socket.socket, words: Words) -> None:
    """Close when half of the answer has gone out."""
    hear(connection, words)
    connection.sendall(words.body)
    connection.close()


def break_off_in_the_body(connection: socket.socket, words: Words) -> None:
    """Reset when half of the answer has gone out."""
    hear(connection, words)
    connection.sendall(words.body)
    # The reset would overtake what the other side has not read yet.
    time.sleep(0.02)
    reset(connection)


def stall_in_the_body(connection: socket.socket, words: Words) -> None:
    """Send half of the answer, and no more."""
    hear(connection, words)
    connection.sendall(words.body)


def talk_nonsense(connection: socket.socket, words: Words) -> None:
    """Speak another protocol."""
    if not words.greeting:
        connection.recv(65536)
    connection.sendall(NONSENSE)
    connection.close()


@contextlib.contextmanager
def refuse(words: Words) -> Iterator[Address]:
    """Yield an address that nobody listens at."""
    with socket.create_server((HOST, 0)) as listener:
        address = listener.getsockname()
    yield address


@contextlib.contextmanager
def be_unknown(words: Words) -> Iterator[Address]:
    """Yield a name that does not resolve.

    `.invalid` never does (RFC 2606); no name server is asked for one of more than 255 letters.
    """
    yield ".".join(["a" * 60] * 5) + ".invalid", 9


@contextlib.contextmanager
def be_unreachable(words: Words) -> Iterator[Address]:
    """Yield an address that no stream leads to: ENETUNREACH, with a network and without."""
    yield "255.255.255.255", 9


@contextlib.contextmanager
def never_accept(words: Words) -> Iterator[Address]:
    """Yield the address of a listener whose backlog is full: nobody even says no."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((HOST, 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


# In the order of the columns of the table in tests/recognition/test_upstreams.py.
FAULTS: Mapping[str, Place] = {
    "unknown": be_unknown,
    "unreachable": be_unreachable,
    "refuses": refuse,
    "never accepts": never_accept,
    "never answers": accepting(keep_silent),
    "hangs up": accepting(hang_up),
    "resets": accepting(break_off),
    "closes in the head": accepting(close_in_the_head),
    "closes in the body": accepting(close_in_the_body),
    "resets in the body": accepting(break_off_in_the_body),
    "stalls in the body": accepting(stall_in_the_body),
    "talks nonsense": accepting(talk_nonsense),
}
