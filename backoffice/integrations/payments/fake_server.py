"""The fake providers as an HTTP server with signed callbacks, for development: `python -m …payments.fake_server`.

It remembers what was asked with which key, and which callbacks are due, in a SQLite file of its own: like a real
provider it knows nothing of the house's database, and survives being killed.
"""

import json
import logging
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backoffice import clock
from backoffice.errors import Refused
from backoffice.integrations.payments import callbacks
from backoffice.integrations.payments.base import Card, Charge, Payout
from backoffice.integrations.payments.fake import (
    BOUNCING_BANK,
    DELAY,
    SLOW_BANK,
    FakePayments,
    FakePayouts,
    Outcome,
)
from backoffice.money import Money

log = logging.getLogger(__name__)

PUMP_SECONDS = 0.25
# A callback that is not taken is sent again: after 1, 2, 4 ... seconds, up to an hour in all.
ATTEMPTS = 12
LARGEST_BODY = 64 * 1024

_TABLES = """
    CREATE TABLE IF NOT EXISTS payout (key TEXT PRIMARY KEY, ref TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS charge (key TEXT PRIMARY KEY, ref TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS callback (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, ref TEXT NOT NULL, due REAL NOT NULL, attempts INTEGER DEFAULT 0
    );
"""


class FakeProvider:
    """What the server does, without HTTP: answers questions, and keeps callbacks until they are taken."""

    def __init__(self, file: Path, *, house: str, secret: str, delay_s: float = DELAY.total_seconds()) -> None:
        self._house, self.key, self._delay_s = house.rstrip("/"), callbacks.signing_key(secret), delay_s
        self._payments, self._payouts = FakePayments(), FakePayouts()
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def answer(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request. KeyError: no such address. Refused: not with this card."""
        deeds: dict[str, Callable[..., Any]] = {
            "/tokens": self._tokenize,
            "/charges": self._charge,
            "/charges/look-up": self._payments.look_up,
            "/payouts": self._pay,
            "/payouts/look-up": self._payouts.look_up,
        }
        return asdict(deeds[path](**question))

    def _tokenize(self, number: str, expires: str, code: str) -> Any:
        return self._payments.tokenize(Card(number, date.fromisoformat(expires), code), keep=True)

    def _charge(self, key: str, token: str, amount: int, currency: str) -> Charge:
        with self._lock:
            found = self._db.execute("SELECT ref FROM charge WHERE key = ?", (key,)).fetchone()
            if found:
                return self._payments.look_up(found[0])
            charge = self._payments.charge(key=key, token=token, amount=Money(amount, currency))
            outcome = charge.ref.split("/")[2]
            self._db.execute("INSERT INTO charge VALUES (?, ?)", (key, charge.ref))
            for delay in self._delays(outcome):
                self._due(key, charge.ref, delay)
        if outcome == Outcome.EARLY:
            self._send(key, charge.ref)
        return charge

    def _delays(self, outcome: str) -> tuple[float, ...]:
        later = {Outcome.TWICE: (0.0, 1.0), Outcome.DELAYED: (self._delay_s,), Outcome.DISPUTED: (self._delay_s,)}
        return later.get(Outcome(outcome), ())

    def _pay(self, key: str, method: str, amount: int, currency: str) -> Payout:
        with self._lock:
            found = self._db.execute("SELECT ref FROM payout WHERE key = ?", (key,)).fetchone()
            if found:
                return self._payouts.look_up(found[0])
            payout = self._payouts.pay(key=key, method=method, amount=Money(amount, currency))
            self._db.execute("INSERT INTO payout VALUES (?, ?)", (key, payout.ref))
            if payout.ref.split("/")[2] in (SLOW_BANK, BOUNCING_BANK):
                self._due(key, payout.ref, self._delay_s)
        return payout

    def _due(self, key: str, ref: str, delay_s: float) -> None:
        self._db.execute("INSERT INTO callback (key, ref, due) VALUES (?, ?, ?)", (key, ref, time.time() + delay_s))

    def pump(self) -> int:
        """Send every callback that is due; returns how many were taken."""
        with self._lock:
            due = self._db.execute(
                "SELECT id, key, ref, attempts FROM callback WHERE due <= ?", (time.time(),)
            ).fetchall()
        taken = 0
        for number, key, ref, attempts in due:
            done = self._send(key, ref)
            taken += done
            with self._lock:
                if done or attempts + 1 >= ATTEMPTS:
                    self._db.execute("DELETE FROM callback WHERE id = ?", (number,))
                else:
                    again = (attempts + 1, time.time() + 2**attempts, number)
                    self._db.execute("UPDATE callback SET attempts = ?, due = ? WHERE id = ?", again)
        return taken

    def _send(self, key: str, ref: str) -> bool:
        provider = self._payments if key.startswith(callbacks.Subject.TOP_UP) else self._payouts
        body = callbacks.write(key, provider.look_up(ref))
        headers = {
            "Content-Type": "application/json",
            callbacks.HEADER: callbacks.sign(self.key, body, now=int(time.time())),
        }
        request = urllib.request.Request(f"{self._house}/callbacks/fake", body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (the house's own address)
                return True
        except (urllib.error.URLError, OSError) as error:
            log.warning("the callback about %s was not taken: %s", key, error)
            return False


class _Handler(BaseHTTPRequestHandler):
    """One request: JSON in, JSON out, both signed by the house."""

    provider: FakeProvider

    def do_POST(self) -> None:
        """Answer a signed question."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY))
        try:
            callbacks.verify(self.provider.key, body, self.headers.get(callbacks.HEADER, ""), now=int(time.time()))
            self._reply(200, self.provider.answer(self.path, json.loads(body)))
        except callbacks.BadCallback:
            self._reply(401, {"refused": "signature"})
        except Refused as refused:
            self._reply(422, {"refused": refused.code})
        except (KeyError, ValueError, TypeError):
            self._reply(400, {"refused": "request"})

    def _reply(self, status: int, answer: dict[str, Any]) -> None:
        data = json.dumps(answer, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: Any) -> None:
        """Card numbers come by here: nothing is logged."""


def serve(provider: FakeProvider, port: int) -> ThreadingHTTPServer:
    """A server on the loopback address that answers in threads of its own once `serve_forever` is called."""
    handler = type("Handler", (_Handler,), {"provider": provider})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until killed, with the settings of `up`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    var_dir = Path(os.environ["VAR_DIR"])
    clock.configure(var_dir / "clock")
    provider = FakeProvider(
        var_dir / "fake-provider.sqlite", house=os.environ["BASE_URL"], secret=os.environ["SECRET_KEY"]
    )

    def pump() -> None:
        while True:
            provider.pump()
            time.sleep(PUMP_SECONDS)

    threading.Thread(target=pump, daemon=True).start()
    serve(provider, urlsplit(os.environ["FAKE_PROVIDER_URL"]).port or 0).serve_forever()


if __name__ == "__main__":
    main()
