"""Events, routes, actors and queues fit each other (T-1)."""

import inspect
import re

from backoffice.dev.settings import UpSettings
from backoffice.dev.up import site_plan
from backoffice.outbox import Event
from backoffice.tasks.registry import REGISTRY
from backoffice.tasks.routes import ROUTES
from tests.guards.sources import ROOT, source

LINE = re.compile(r'^    (\w+) = "[\w.]+"  # ([\w, ]+)$', re.MULTILINE)


def _payloads() -> dict[str, set[str]]:
    """The payload of each event as `outbox.py` declares it beside the name."""
    found = LINE.findall(source((ROOT / "backoffice" / "outbox.py").relative_to(ROOT)))
    return {name: {part.strip() for part in payload.split(",")} - {"nothing"} for name, payload in found}


def test_each_event_declares_its_payload() -> None:
    assert set(_payloads()) == {event.name for event in Event}


def test_each_event_has_a_line_in_the_routes_in_their_order() -> None:
    assert list(ROUTES) == list(Event)


def test_each_actor_hears_something() -> None:
    assert set(REGISTRY) == {actor.name for actors in ROUTES.values() for actor in actors}


def test_each_actor_takes_what_its_events_carry() -> None:
    payloads = _payloads()
    wrong = [
        f"{actor.name} on {event.value}"
        for event, actors in ROUTES.items()
        for actor in actors
        if set(inspect.signature(actor.function).parameters) != payloads[event.name]
    ]
    assert wrong == []


def test_each_queue_has_a_worker() -> None:
    plan = site_plan(UpSettings.read({}))
    consumed = {process.argv[process.argv.index("-Q") + 1] for process in plan.processes if "-Q" in process.argv}
    assert {actor.queue for actor in REGISTRY.values()} <= consumed
