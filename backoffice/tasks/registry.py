"""Actors: plain functions with a name and a queue. Nothing here knows a broker, so that every edge can import it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

QUEUES = ("default", "media")


@dataclass(frozen=True, slots=True)
class ActorFunction:
    """A function that hears events: called with the event's payload as keyword arguments.

    A short one runs inside one transaction together with "done"; a `long` one outside any, under a lease (rule 8).
    `max_attempts` overrides TASK_ATTEMPTS (T-3).
    """

    name: str
    function: Callable[..., object]
    queue: str
    long: bool
    max_attempts: int | None

    def __call__(self, **payload: Any) -> None:
        self.function(**payload)


REGISTRY: dict[str, ActorFunction] = {}


def actor(
    queue: str = "default", *, long: bool = False, max_attempts: int | None = None
) -> Callable[[Callable[..., object]], ActorFunction]:
    """Register a function as an actor under `module.function`, for example `letters.on_purchase_made`."""
    if queue not in QUEUES:
        raise ValueError(f"no such queue: {queue}")

    def register(function: Callable[..., object]) -> ActorFunction:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in REGISTRY:
            raise ValueError(f"two actors are called {name}")
        REGISTRY[name] = ActorFunction(name, function, queue, long, max_attempts)
        return REGISTRY[name]

    return register
