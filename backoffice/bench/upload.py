"""Uploads of a gigabyte by tus against a plain copy and a plain form, and the home page while slow senders are busy."""

import os
import socket
import statistics
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backoffice.bench import web
from backoffice.bench.cpu import PROC, family_of, server_cpu_s
from backoffice.bench.report import Measure
from backoffice.bench.web import Server, Session
from backoffice.config import settings
from backoffice.integrations.storage.house import part_path

MIB = 1024 * 1024
SIZE = 1024 * MIB
# As large as the pieces of the page's own client.
PIECE = 16 * MIB
ROUNDS = 3
SENDERS, SLOW_BYTES, SLOW_STEP_S = 10, 10_000, 0.1
ASKED = 150
GOAL_COPY, GOAL_FORM, GOAL_MIB, GOAL_HOME = 4.0, 0.4, 64.0, 3.0
_BLOCK = os.urandom(MIB)
_TUS = {"Tus-Resumable": "1.0.0"}
_METADATA = f"filename {b64encode(b'lecture.mp4').decode()},kind {b64encode(b'video').decode()}"


def measure() -> tuple[Measure, ...]:
    """CPU as multiples of both, growth of the server's memory, and what slow senders do to the home page."""
    session = web.sign_in()
    copy: list[float] = []
    tus: list[float] = []
    form: list[float] = []
    grown: list[float] = []
    with tempfile.TemporaryDirectory(dir=settings().var_dir) as name:
        folder = Path(name)
        source = folder / "source"
        with source.open("wb") as file:
            for _block in range(SIZE // MIB):
                file.write(_BLOCK)
        with web.serving(web.SHOP, folder) as shop, web.serving(web.YARDSTICK, folder) as plain:
            _tus(shop, session, PIECE)
            for _round in range(ROUNDS):
                copy.append(_copy_cpu_s(source, folder / "copy"))
                before_s = shop.cpu_s() + server_cpu_s()
                with _peak_mib(shop) as growth:
                    _tus(shop, session, SIZE)
                tus.append(shop.cpu_s() + server_cpu_s() - before_s)
                grown.append(growth[0])
                before_s = plain.cpu_s()
                _form(plain)
                form.append(plain.cpu_s() - before_s)
                (folder / "form.part").unlink()
            idle_ms = _home_p95_ms(shop)
            with _slow_senders(shop, session):
                busy_ms = _home_p95_ms(shop)
    costs = [statistics.median(each) for each in (copy, tus, form)]
    return (*_cpu_measures(*costs), _memory_measure(max(grown)), _home_measure(idle_ms, busy_ms))


def _cpu_measures(copy_s: float, tus_s: float, form_s: float) -> tuple[Measure, Measure]:
    figures = f"{SIZE // MIB} MiB: tus {tus_s:.2f} s, copy {copy_s:.2f} s, form {form_s:.2f} s; medians of {ROUNDS}"

    def measured(name: str, value: float, what: str, goal: float) -> Measure:
        return Measure(
            name=name,
            value=round(value, 2),
            unit=f"times the CPU of {what}",
            goal=f"<= {goal:g} times",
            ok=value <= goal,
            compared_with=figures,
        )

    return (
        measured("upload_copy", tus_s / copy_s, "a copy loop", GOAL_COPY),
        measured("upload_form", tus_s / form_s, "a form with parts", GOAL_FORM),
    )


def _memory_measure(grown_mib: float) -> Measure:
    return Measure(
        name="upload_memory",
        value=round(grown_mib, 1),
        unit="MiB",
        goal=f"< {GOAL_MIB:g} MiB",
        ok=grown_mib < GOAL_MIB,
        compared_with=f"growth of the server's own pages at their peak during {SIZE // MIB} MiB, the worst of {ROUNDS}",
    )


def _home_measure(idle_ms: float, busy_ms: float) -> Measure:
    return Measure(
        name="upload_home",
        value=round(busy_ms / idle_ms, 2),
        unit="times the p95 of the idle home page",
        goal=f"<= {GOAL_HOME:g} times",
        ok=busy_ms <= GOAL_HOME * idle_ms,
        compared_with=(
            f"{busy_ms:.0f} ms while {SENDERS} senders bring {SLOW_BYTES / SLOW_STEP_S / 1000:.0f} KB a second each, "
            f"{idle_ms:.0f} ms without; {ASKED} requests each"
        ),
    )


def _copy_cpu_s(source: Path, target: Path) -> float:
    before_s = time.process_time()
    with source.open("rb", buffering=0) as reading, target.open("wb", buffering=0) as writing:
        while block := reading.read(256 * 1024):
            writing.write(block)
    spent_s = time.process_time() - before_s
    target.unlink()
    return spent_s


def _announce(server: Server, session: Session, size: int) -> str:
    """The path that takes the bytes of a new upload."""
    connection = server.connect()
    headers = session.headers | _TUS | {"Upload-Length": str(size), "Upload-Metadata": _METADATA}
    connection.request("POST", "/uploads", headers=headers)
    answer = connection.getresponse()
    answer.read()
    location = answer.getheader("Location")
    connection.close()
    if answer.status != 201 or location is None:
        raise RuntimeError(f"the upload was answered with {answer.status}")
    return location


def _tus(server: Server, session: Session, size: int) -> None:
    """Send a file in pieces, and forget it."""
    location = _announce(server, session, size)
    connection = server.connect()
    for offset in range(0, size, PIECE):
        headers = session.headers | _TUS | _piece(offset, min(PIECE, size - offset))
        connection.request("PATCH", location, _blocks(min(PIECE, size - offset)), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 204:
            raise RuntimeError(f"a piece was answered with {answer.status}")
    connection.close()
    part_path(location.rpartition("/")[2]).unlink()


def _piece(offset: int, length: int) -> dict[str, str]:
    return {
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(length),
    }


def _blocks(length: int) -> Iterator[bytes]:
    return (_BLOCK for _number in range(length // MIB))


def _form(server: Server) -> None:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="lecture.mp4"\r\n\r\n'
    tail = b"\r\n--edge--\r\n"
    connection = server.connect()
    headers = {
        "Content-Type": "multipart/form-data; boundary=edge",
        "Content-Length": str(len(head) + SIZE + len(tail)),
    }

    def body() -> Iterator[bytes]:
        yield head
        yield from _blocks(SIZE)
        yield tail

    connection.request("POST", "/form", body(), headers)
    answer = connection.getresponse()
    if answer.status != 204:
        raise RuntimeError(f"the form was answered with {answer.status}")
    connection.close()


@contextmanager
def _peak_mib(server: Server) -> Iterator[list[float]]:
    """By how many MiB the pages of the server's own have grown at most; known when the block has ended."""
    before = _own_mib(server.pid)
    growth, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            growth[0] = max(growth[0], _own_mib(server.pid) - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield growth
    finally:
        ended.set()
        thread.join()


def _own_mib(root: int) -> float:
    lines = [line for pid in family_of(root) for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _home_p95_ms(server: Server) -> float:
    """What nineteen of twenty visitors wait at most, each on a connection of their own."""
    waits = []
    for _visitor in range(ASKED):
        began = time.perf_counter()
        connection = server.connect()
        connection.request("GET", "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        waits.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"the home page was answered with {answer.status}")
    return 1000 * statistics.quantiles(waits, n=20)[-1]


@contextmanager
def _slow_senders(server: Server, session: Session) -> Iterator[None]:
    """People on slow lines, all in the middle of a piece."""
    ended = threading.Event()
    ready = threading.Barrier(SENDERS + 1)
    threads = [threading.Thread(target=_send_slowly, args=(server, session, ready, ended)) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    ready.wait(60)
    time.sleep(1)
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _send_slowly(server: Server, session: Session, ready: threading.Barrier, ended: threading.Event) -> None:
    location = _announce(server, session, SIZE)
    headers = session.headers | _TUS | _piece(0, PIECE) | {"Host": "127.0.0.1"}
    lines = [f"PATCH {location} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall("\r\n".join(lines).encode())
        ready.wait(60)
        while not ended.wait(SLOW_STEP_S):
            line.sendall(_BLOCK[:SLOW_BYTES])
