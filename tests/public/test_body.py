"""Bodies read from the socket of gunicorn: every byte, in order, and not one of the next request (T-5)."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import SocketUnreader

from backoffice.public.media import body

SENT = os.urandom(body.BLOCK_BYTES * 2 + 777)


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def stream_of(app: Flask, ours: socket.socket, held: bytes, length: int) -> tuple[object, LengthReader]:
    """The body of a request whose head has brought `held` along."""
    unreader = SocketUnreader(ours)
    unreader.unread(held)
    reader = LengthReader(unreader, length)
    environ = {"gunicorn.socket": ours, "wsgi.input": Body(reader), "wsgi.input_terminated": True}
    with app.test_request_context("/", environ_overrides=environ):
        return body.of_request(), reader


def everything(stream: object, size: int = body.BLOCK_BYTES) -> bytes:
    pieces = iter(lambda: bytes(stream.read(size)), b"")  # type: ignore[attr-defined]
    return b"".join(pieces)


@pytest.mark.parametrize("held", [0, 1, 5000, body.BLOCK_BYTES + 1])
def test_every_byte_comes_once(app: Flask, line: tuple[socket.socket, socket.socket], held: int) -> None:
    ours, theirs = line
    stream, reader = stream_of(app, ours, SENT[:held], len(SENT))
    sender = threading.Thread(target=theirs.sendall, args=(SENT[held:] + b"GET / HTTP/1.1",))
    sender.start()
    assert everything(stream, 100_000) == SENT
    assert reader.length == 0
    assert ours.recv(3) == b"GET"
    sender.join()


def test_what_comes_after_the_body_stays(app: Flask, line: tuple[socket.socket, socket.socket]) -> None:
    stream, reader = stream_of(app, line[0], b"0123456789GET /", 10)
    assert everything(stream, 4) == b"0123456789"
    assert reader.unreader.take_buffered() == b"GET /"


def test_a_lost_line_keeps_what_came(app: Flask, line: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = line
    stream, reader = stream_of(app, ours, b"01", 100)
    theirs.sendall(b"2345")
    theirs.close()
    assert everything(stream) == b"012345"
    assert reader.length == 94


def test_other_bodies_are_read_as_the_server_gives_them(app: Flask, line: tuple[socket.socket, socket.socket]) -> None:
    unreader = SocketUnreader(line[0])
    in_chunks = Body(ChunkedReader(None, unreader))
    for environ in ({}, {"gunicorn.socket": line[0], "wsgi.input": in_chunks, "wsgi.input_terminated": True}):
        with app.test_request_context("/", data=b"plain", environ_overrides=environ):
            assert not isinstance(body.of_request(), body._FromSocket)
