"""The doorbell: Redis tells workers which delivery to look at. Nothing depends on it keeping anything (T-1)."""

from typing import cast

from dramatiq import Consumer, Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, TimeLimit

from backoffice.tasks.registry import ActorFunction

ALWAYS = 1_000_000
HEARTBEAT_TIMEOUT_MS = 30_000


class SafeRedisBroker(RedisBroker):
    """Gives messages of a dead worker back within seconds, and delayed ones after a lost connection.

    By default maintenance runs once in a thousand commands, which was measured to take up to 23 minutes.
    """

    def __init__(self, *, url: str, middleware: list[Middleware] | None = None) -> None:
        super().__init__(
            url=url,
            middleware=middleware or [],
            maintenance_chance=ALWAYS,
            heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        )

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """A consumer. A new one of a delay queue has forgotten what the one before held: that is given back."""
        if queue_name.endswith(".DQ"):
            acks = f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}"
            held = cast("set[bytes]", self.client.smembers(acks))
            if held:
                self.do_requeue(queue_name, *[message_id.decode() for message_id in held])
        return super().consume(queue_name, prefetch, timeout)


def sending_broker(url: str) -> SafeRedisBroker:
    """A broker that only sends."""
    return SafeRedisBroker(url=url)


def working_broker(url: str, *more: Middleware) -> SafeRedisBroker:
    """A broker for a worker. No retries of its own: the delivery row keeps count (T-3)."""
    return SafeRedisBroker(url=url, middleware=[TimeLimit(), *more])


def message(actor: ActorFunction, delivery_id: int) -> "Message[None]":
    """What is sent: the actor's name and the id of a delivery."""
    return Message(queue_name=actor.queue, actor_name=actor.name, args=(delivery_id,), kwargs={}, options={})
