"""X-5: the range answers are the very bytes of the file, and nothing that we did not make ourselves can run."""

import os
import random
import socket
from pathlib import Path

import pytest
from werkzeug.test import Client, EnvironBuilder, TestResponse
from werkzeug.wrappers import Request, Response

from backoffice.integrations.storage.ranges import range_response

SIZE = 200_001


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "360p.m4s"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


def ask(path: Path, method: str = "GET", **headers: str) -> TestResponse:
    return Client(Request.application(lambda request: range_response(path, request.environ))).open(
        method=method, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_the_whole_file(file: Path) -> None:
    answer = ask(file)
    assert answer.status_code == 200
    assert answer.data == file.read_bytes()
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"


def test_ranges_are_slices_of_the_file(file: Path) -> None:
    whole, chance = file.read_bytes(), random.Random(2)
    pairs = [sorted(chance.randrange(SIZE) for _ in range(2)) for _ in range(40)]
    for start, last in [*pairs, [0, 0], [SIZE - 1, SIZE - 1], [0, SIZE - 1], [65_535, 65_536]]:
        answer = ask(file, Range=f"bytes={start}-{last}")
        assert answer.status_code == 206
        assert answer.data == whole[start : last + 1]
        assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{SIZE}"
        assert answer.headers["Content-Length"] == str(last + 1 - start)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("5-", 5, SIZE), ("-7", SIZE - 7, SIZE), (f"-{SIZE * 2}", 0, SIZE), (f"10-{SIZE * 9}", 10, SIZE)],
)
def test_open_suffix_and_overlong_ranges(file: Path, asked: str, start: int, end: int) -> None:
    answer = ask(file, Range=f"bytes={asked}")
    assert answer.status_code == 206
    assert answer.data == file.read_bytes()[start:end]
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"


@pytest.mark.parametrize("asked", [f"{SIZE}-", f"{SIZE + 5}-{SIZE + 9}", "-0", "9-3"])
def test_a_range_outside_the_file_is_416(file: Path, asked: str) -> None:
    answer = ask(file, Range=f"bytes={asked}")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
    assert answer.data == b""


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "lines=0-1", "bytes=a-b", "0-1"])
def test_what_is_not_one_byte_range_gets_the_whole_file(file: Path, asked: str) -> None:
    answer = ask(file, Range=asked)
    assert answer.status_code == 200
    assert len(answer.data) == SIZE


def test_head_and_conditions(file: Path) -> None:
    head = ask(file, method="HEAD", Range="bytes=0-9")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (206, b"", "10")
    etag = head.headers["ETag"]
    assert ask(file, If_None_Match=etag).status_code == 304
    assert ask(file, Range="bytes=0-9", If_Range=etag).status_code == 206
    os.utime(file, ns=(1, 1))
    assert ask(file, If_None_Match=etag).status_code == 200
    assert ask(file, Range="bytes=0-9", If_Range=etag).status_code == 200


def test_the_server_can_send_the_slice_by_file_descriptor(file: Path) -> None:
    handed: list[tuple[int, bytes]] = []

    class Sendfile:
        def __init__(self, filelike, block_bytes):  # type: ignore[no-untyped-def]
            handed.append((os.lseek(filelike.fileno(), 0, os.SEEK_CUR), filelike.read(10)))
            filelike.close()

    environ = EnvironBuilder(headers={"Range": "bytes=1000-1004"}).get_environ()
    environ["wsgi.file_wrapper"] = Sendfile
    response = range_response(file, environ)
    assert isinstance(response, Response)
    assert isinstance(response.response, Sendfile)
    assert handed == [(1000, file.read_bytes()[1000:1005])]


def test_a_socket_sends_exactly_the_slice(file: Path) -> None:
    """As gunicorn does it: by `socket.sendfile` with an offset in the whole file."""

    class Sendfile:
        def __init__(self, filelike, block_bytes):  # type: ignore[no-untyped-def]
            self.filelike = filelike

    environ = EnvironBuilder(headers={"Range": "bytes=1000-1004"}).get_environ()
    environ["wsgi.file_wrapper"] = Sendfile
    wrapped = range_response(file, environ).response
    assert isinstance(wrapped, Sendfile)
    ours, theirs = socket.socketpair()
    with ours, theirs, wrapped.filelike as slice_of_file:
        ours.sendfile(slice_of_file, offset=1000, count=5)
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(100) == file.read_bytes()[1000:1005]


@pytest.mark.parametrize("name", ["x.svg", "x.html", "x.xml", "x", "x.js", "X.MP4.html"])
def test_what_could_run_is_a_dead_attachment(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("<script>alert(1)</script>")
    answer = ask(tmp_path / name)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        range_response(tmp_path / "x.m4s", EnvironBuilder().get_environ())
