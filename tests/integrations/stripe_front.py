"""Stripe on this machine: the server `localstripe`, behind a front that keeps Stripe's promise of idempotency keys.

`localstripe` charges and attaches as Stripe does, but reads no keys; the front gives a repeated key its first answer.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from backoffice.dev.processes import free_port

SECRET_KEY, WEBHOOK_SECRET = "sk_test_lectern", "whsec_lectern"
STARTED_WITHIN_SECONDS = 30
# Its own start listens on every address and keeps all in a file of /tmp.
_SERVER = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
"""


class Front:
    """Keys and the answers to them; the next answer to a key in `lose` is dropped on its way."""

    def __init__(self, behind: str) -> None:
        self._behind = behind
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.lose: set[str] = set()
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._pass_on(None)

            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def _pass_on(self, body: bytes | None) -> None:
                key = self.headers.get("Idempotency-Key")
                status, answer = front.ask(self.path, body, key)
                if key in front.lose:
                    front.lose.remove(key)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def ask(self, path: str, body: bytes | None = None, key: str | None = None) -> tuple[int, bytes]:
        """Status and body of the server's answer."""
        if key in self.answers:
            return self.answers[str(key)]
        known = {"Authorization": f"Bearer {SECRET_KEY}"}
        request = urllib.request.Request(self._behind + path, body, known)  # noqa: S310 (this machine)
        try:
            with urllib.request.urlopen(request, timeout=10) as found:  # noqa: S310
                answer = found.status, found.read()
        except urllib.error.HTTPError as error:
            answer = error.code, error.read()
        if key:
            self.answers[key] = answer
        return answer

    def tell(self, url: str) -> None:
        """Have the server's events sent to this address."""
        wanted = urllib.parse.urlencode({"url": url, "secret": WEBHOOK_SECRET}).encode()
        assert self.ask("/_config/webhooks/house", wanted)[0] == 200

    def charges(self) -> list[dict[str, Any]]:
        """Every charge that the server has made."""
        found: list[dict[str, Any]] = json.loads(self.ask("/v1/charges?limit=100")[1])["data"]
        return found


@contextmanager
def running_stripe(folder: Path) -> Iterator[Front]:
    """The server and its front, until the block ends."""
    port = free_port()
    command = [sys.executable, "-c", _SERVER, str(port)]
    with (folder / "localstripe.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    front = Front(f"http://127.0.0.1:{port}")
    try:
        _wait(front)
        threading.Thread(target=front.server.serve_forever, daemon=True).start()
        yield front
    finally:
        front.server.server_close()
        process.terminate()
        process.wait(10)


def _wait(front: Front) -> None:
    end = time.monotonic() + STARTED_WITHIN_SECONDS
    while True:
        try:
            front.charges()
        except OSError:
            assert time.monotonic() < end, "localstripe does not answer"
            time.sleep(0.1)
        else:
            return
