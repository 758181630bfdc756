"""The bytes of a request on the shortest way from the socket.

Gunicorn copies each byte of a body several times, and makes room for it anew each time: that was measured to cost four
times what receiving and writing cost. Under any other server, and for bodies in chunks, its own stream is used.
"""

import socket
from typing import IO, cast

from flask import request
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

BLOCK_BYTES = 256 * 1024


def of_request() -> IO[bytes]:
    """The body of the current request, to be read from its start. What `read` gives is overwritten by the next one."""
    body, line = request.environ["wsgi.input"], request.environ.get("gunicorn.socket")
    if isinstance(line, socket.socket) and isinstance(body, Body) and not body.buf.tell():
        reader = body.reader
        if isinstance(reader, LengthReader) and isinstance(reader.unreader, SocketUnreader):
            return cast(IO[bytes], _FromSocket(line, reader))
    return request.stream


class _FromSocket:
    """Reads what gunicorn's reader would read, and keeps its count: it goes on where the body ends."""

    def __init__(self, line: socket.socket, reader: LengthReader) -> None:
        self._line = line
        self._reader = reader
        self._block = memoryview(bytearray(BLOCK_BYTES))

    def read(self, size: int) -> memoryview:
        """So many bytes, at most `BLOCK_BYTES`; fewer where the body or the connection ends, none after that."""
        size = min(size, self._reader.length, BLOCK_BYTES)
        filled = self._came_with_the_head(size)
        while filled < size:
            try:
                came = self._line.recv_into(self._block[filled:size])
            except OSError:
                if not filled:
                    raise
                # What has come is not lost; who asks for more is told.
                break
            if not came:
                break
            filled += came
        self._reader.length -= filled
        return self._block[:filled]

    def _came_with_the_head(self, size: int) -> int:
        held = self._reader.unreader.take_buffered()
        taken = min(len(held), size)
        self._block[:taken] = held[:taken]
        if taken < len(held):
            self._reader.unreader.unread(held[taken:])
        return taken
