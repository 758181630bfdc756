"""Clients of the whole house while its processes are killed: nothing lost, nothing twice (M-10, M-2 to M-4, M-8, T-1).

Every client goes on asking until it is answered, with the same key. What it was told must be what the book says.
"""

import http.client
import os
import random
import re
import signal
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from backoffice.dev import DEMO_PASSWORD
from tests.browser.conftest import House

pytestmark = pytest.mark.xdist_group("browser")

VICTIMS = ("web", "worker", "postgres", "relay")
BUYERS, AUTHORS = range(1, 6), ("author", "marat")
PATIENCE_SECONDS = 180
# The shop lets nobody top up more often in an hour.
MOST_TOP_UPS = 25
CARD = {"number": "4242424242424242", "expires": "12/40", "code": "123", "saved": "0"}


class Client:
    """A browser without pictures: a session, its token, and patience."""

    def __init__(self, house: House, email: str) -> None:
        self.email = email
        self.host = house.address.removeprefix("http://")
        self.cookie = ""
        page = self.ask("GET", "/login")[1]
        self.token = self._token(page)
        status, _page = self.ask("POST", "/login", email=email, password=DEMO_PASSWORD)
        assert status == 302, email
        self.token = self._token(self.ask("GET", "/account/")[1])

    @staticmethod
    def _token(page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found, page[:500]
        return found[1]

    def ask(self, method: str, path: str, **form: str | int) -> tuple[int, str]:
        """Ask until there is an answer that is no server error; returns status and body."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                status, body = self._once(method, path, form)
            except (OSError, http.client.HTTPException):
                status, body = 503, ""
            if status < 500:
                return status, body
            assert time.monotonic() < deadline, f"{method} {path}: {status} {body[:300]}"
            time.sleep(0.2)

    def _once(self, method: str, path: str, form: dict[str, str | int]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            body = urllib.parse.urlencode(form | {"csrf_token": getattr(self, "token", "")}) if form else None
            headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if cookie := answer.getheader("Set-Cookie"):
                self.cookie = cookie.partition(";")[0]
            return answer.status, text
        finally:
            connection.close()


@dataclass
class Told:
    """What the clients were told: the only truth that they know."""

    house: House
    rng: random.Random
    operations: int
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    changes: dict[str, int] = field(default_factory=dict)
    top_ups: list[str] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def turns(self) -> Iterator[int]:
        """A client's share of the operations; all stop when one has failed."""
        for number in range(self.operations // (len(BUYERS) + len(AUTHORS))):
            if self.errors:
                return
            yield number

    def buyer(self, client: Client) -> None:
        """Top up, buy, give back."""
        offers = self.house.rows(OFFERS.format(email=client.email))
        mine: list[tuple[str, int]] = []
        money, top_ups = 0, 0
        for _number in self.turns():
            offer = self.rng.choice(offers)
            if mine and self.rng.random() < 0.45:
                slug, price = mine.pop(self.rng.randrange(len(mine)))
                number = self.house.patient_rows(LAST_PURCHASE.format(email=client.email, slug=slug))[0][0]
                status, page = client.ask("POST", f"/account/purchases/{number}/refund", yes="y")
                assert status == 302, page
                money += price
            elif money < 20_000 and top_ups < MOST_TOP_UPS:
                key = f"kills-{next(self.numbers)}"
                status, page = client.ask("POST", "/account/top-up", request_key=key, amount="500", **CARD)
                assert status == 302, page
                self._arrived(key)
                self.top_ups.append(key)
                money, top_ups = money + 50_000, top_ups + 1
            elif offer[0] not in [slug for slug, _price in mine] and offer[1] <= money:
                slug, price = offer
                status, page = client.ask("POST", f"/courses/{slug}/buy", shown_price_minor=price)
                # Owned already: the answer to the first try was lost.
                assert status in (302, 409), page
                self.bought.append(slug)
                mine.append((slug, price))
                money -= price
        self.changes[client.email] = money

    def _arrived(self, key: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.house.patient_rows(f"SELECT state FROM top_up WHERE request_key = '{key}'") != [("settled",)]:
            assert time.monotonic() < deadline, key
            time.sleep(0.1)

    def author(self, client: Client) -> None:
        """Ask for withdrawals, and take two of three back."""
        for number in self.turns():
            key = f"kills-{next(self.numbers)}"
            status, _page = client.ask(
                "POST", "/account/withdraw", request_key=key, amount="10", payout_method="IBAN 6789"
            )
            if status == 422:
                # Everything is on its way out.
                return
            assert status == 302, key
            self.asked.append(key)
            if number % 3:
                row = self.house.patient_rows(f"SELECT id FROM withdrawal WHERE request_key = '{key}'")[0][0]
                status, page = client.ask("POST", f"/account/withdrawals/{row}/cancel", yes="y")
                # An admin may have been faster.
                assert status in (302, 409), page
                self.cancelled.append(key)

    def admin(self, client: Client) -> None:
        """Let withdrawals go out, to the last."""
        while not self.errors:
            waiting = self.house.patient_rows(WAITING)
            if not waiting and self.over.is_set():
                return
            if waiting:
                path = f"/admin/withdrawals/{waiting[0][0]}/approve"
                status, page = client.ask("POST", path, amount_minor=1_000, state="asked")
                assert status == 302, page
            time.sleep(0.2)

    def run(self, work: Callable[[Client], None], client: Client) -> None:
        """One client's thread; its failure ends the others."""
        try:
            work(client)
        except BaseException as error:
            self.errors.append(f"{client.email}: {error!r}"[:2_000])


OFFERS = """SELECT slug, price_minor FROM course WHERE state = 'on_sale' AND blocked_at IS NULL AND price_minor > 0
    AND discount_minor IS NULL AND id NOT IN (SELECT course_id FROM enrolment e JOIN user_account u ON u.id = student_id
    WHERE u.email = '{email}') ORDER BY id"""
LAST_PURCHASE = """SELECT p.id FROM purchase p
    JOIN course c ON c.id = course_id JOIN user_account u ON u.id = student_id
    WHERE u.email = '{email}' AND c.slug = '{slug}' ORDER BY p.id DESC LIMIT 1"""
WAITING = "SELECT id FROM withdrawal WHERE state = 'asked' AND request_key LIKE 'kills-%' ORDER BY id LIMIT 1"
PURCHASES = "SELECT count(*) FROM purchase"
AVAILABLE = """SELECT email, coalesce(balance, 0) FROM user_account u
    LEFT JOIN account a ON a.name = 'available:' || u.id WHERE email LIKE 'buyer%'"""


def kill(
    house: House,
    rng: random.Random,
    over: threading.Event,
    killed: list[str],
    pause_s: tuple[float, float],
    endless: bool,
) -> None:
    """kill -9 of one process after the other, each when the one before has been started again.

    Of every kind one; `endless`, any of them until it is over. Whoever is killed again and again gets nothing done.
    """
    order = rng.sample(VICTIMS, len(VICTIMS))
    while len(killed) < len(order) or (endless and not over.is_set()):
        time.sleep(rng.uniform(*pause_s))
        victim = order[len(killed)] if len(killed) < len(order) else rng.choice(VICTIMS)
        pid = house.service_pid(victim)
        os.kill(pid, signal.SIGKILL)
        killed.append(victim)
        while house.service_pid(victim) == pid:
            time.sleep(0.2)


@pytest.mark.parametrize(
    ("operations", "pause_s", "endless"),
    [(84, (0.5, 2.0), False), pytest.param(5_000, (5.0, 15.0), True, marks=pytest.mark.soak)],
)
def test_m10_clients_are_told_the_truth_while_processes_are_killed(
    house: House, operations: int, pause_s: tuple[float, float], endless: bool
) -> None:
    rng = random.Random(7)
    told = Told(house, rng, operations)
    before, purchases_before = dict(house.rows(AVAILABLE)), house.rows(PURCHASES)[0][0]
    buyers = [f"buyer{number}@lectern.example" for number in BUYERS]
    crew = [(told.buyer, email) for email in buyers]
    crew += [(told.author, f"{name}@lectern.example") for name in AUTHORS] + [(told.admin, "admin@lectern.example")]
    # They are inside before the first process dies: the limit of logins counts those that are never answered.
    threads = [threading.Thread(target=told.run, args=(work, Client(house, email))) for work, email in crew]
    killed: list[str] = []
    over = threading.Event()
    killer = threading.Thread(target=kill, args=(house, rng, over, killed, pause_s, endless))
    for thread in (*threads, killer):
        thread.start()
    *clients, admin = threads
    for thread in clients:
        thread.join()
    told.over.set()
    admin.join()
    over.set()
    killer.join()
    assert told.errors == []
    assert set(killed) == set(VICTIMS)
    house.wait_until_ready()

    after = dict(house.rows(AVAILABLE))
    assert {email: after[email] - before[email] for email in buyers} == told.changes
    keys = house.rows("SELECT request_key, state FROM top_up WHERE request_key LIKE 'kills-%' ORDER BY id")
    assert sorted(keys) == sorted((key, "settled") for key in told.top_ups)
    assert told.bought
    assert house.rows(PURCHASES)[0][0] - purchases_before == len(told.bought)
    house.wait_for("SELECT count(*) FROM withdrawal WHERE request_key LIKE 'kills-%' AND state = 'approved'", 0)
    states = dict(house.rows("SELECT request_key, state FROM withdrawal WHERE request_key LIKE 'kills-%'"))
    assert sorted(states) == sorted(told.asked)
    assert {states[key] for key in told.cancelled} <= {"cancelled", "paid"}
    assert {states[key] for key in set(told.asked) - set(told.cancelled)} == {"paid"}
    house.wait_for("SELECT count(*) FROM outbox_event WHERE expanded_at IS NULL", 0)
    assert "The book holds" in house.flask("ledger", "verify")
