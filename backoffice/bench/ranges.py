"""A piece of a rendition, as players ask for it, by our handler against Flask's send_file under the same server."""

import os
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path

from backoffice import clock
from backoffice.access import Actor, Role
from backoffice.bench import web
from backoffice.bench.report import Measure
from backoffice.bench.web import Server, Session
from backoffice.bench.yardstick import FILE
from backoffice.config import settings
from backoffice.integrations.storage import signing
from backoffice.integrations.storage.house import storage
from backoffice.models.media import UploadKind
from backoffice.operations import uploads

FILE_BYTES, RANGE_BYTES = 40_000_000, 600_000
REQUESTS, ROUNDS = 200, 5
GOAL = 0.25


def measure() -> Measure:
    """CPU of a range as a share of that of send_file, medians of alternating rounds."""
    session = web.sign_in()
    # The link opens what is one's own, so the file has a row.
    own = uploads.begin(
        actor=Actor(session.user_id, frozenset({Role.AUTHOR})), kind=UploadKind.VIDEO, filename=FILE, size=FILE_BYTES
    ).id
    ours: list[float] = []
    theirs: list[float] = []
    signed: list[float] = []
    with tempfile.TemporaryDirectory(dir=settings().var_dir) as name:
        path = Path(name) / FILE
        path.write_bytes(os.urandom(FILE_BYTES))
        storage().put_file(f"video/{own}/{FILE}", path)
        with web.serving(web.YARDSTICK, path.parent) as plain, web.serving(web.SHOP, path.parent) as shop:
            for _round in range(ROUNDS):
                theirs.append(_cpu_ms(plain, "/send-file", {}))
                ours.append(_cpu_ms(plain, "/range", {}))
                signed.append(_cpu_ms(shop, _signed(session, own), session.headers))
    share = statistics.median(ours) / statistics.median(theirs)
    return Measure(
        name="ranges",
        value=round(share, 3),
        unit="times the CPU of send_file",
        goal=f"<= {GOAL:g} times",
        ok=share <= GOAL,
        compared_with=(
            f"{RANGE_BYTES // 1000} KB of {FILE_BYTES // 10**6} MB: {statistics.median(ours):.2f} ms against "
            f"{statistics.median(theirs):.2f} ms; with session and signed link {statistics.median(signed):.2f} ms; "
            f"medians of {ROUNDS} rounds of {REQUESTS} requests"
        ),
    )


def _signed(session: Session, own: str) -> str:
    ends = clock.now() + timedelta(hours=1)
    token = signing.sign(
        settings().secret_key.encode(), prefix=f"video/{own}", viewer_id=session.user_id, expires_at=ends
    )
    return f"/v/{token}/{own}/{FILE}"


def _cpu_ms(server: Server, path: str, headers: dict[str, str]) -> float:
    """CPU of the server for one request, milliseconds."""
    connection = server.connect()
    before_s = server.cpu_s()
    for number in range(REQUESTS):
        start = number * 37 * 4096 % (FILE_BYTES - RANGE_BYTES)
        connection.request("GET", path, headers=headers | {"Range": f"bytes={start}-{start + RANGE_BYTES - 1}"})
        answer = connection.getresponse()
        if answer.status != 206 or len(answer.read()) != RANGE_BYTES:
            raise RuntimeError(f"{path} answered {answer.status}")
    spent_s = server.cpu_s() - before_s
    connection.close()
    return 1000 * spent_s / REQUESTS
