"""The worker process: `dramatiq backoffice.tasks.worker:setup -Q default`."""

from contextlib import ExitStack

import dramatiq
from dramatiq.middleware import Middleware
from flask import Flask
from sqlalchemy import Engine

from backoffice.app import create_app
from backoffice.config import settings
from backoffice.db import db
from backoffice.tasks import delivery, holds, routes
from backoffice.tasks.broker import SafeRedisBroker, working_broker
from backoffice.tasks.process import heartbeat
from backoffice.tasks.registry import QUEUES, REGISTRY, ActorFunction

SHORT_LIMIT_MS = 120_000
LONG_LIMIT_MS = 12 * 3600 * 1000

__all__ = ["routes", "setup"]


class Heartbeats(Middleware):
    """Signs of life of this worker under the name of each queue that it serves, `worker:default`."""

    def __init__(self, app: Flask, engine: Engine) -> None:
        self.app, self.engine = app, engine
        self.alive = ExitStack()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Begin with the heartbeat; what a worker of videos lacks is in the log before the first file comes."""
        queues = worker.consumer_whitelist or QUEUES
        self.alive.enter_context(heartbeat(self.engine, *(f"worker:{queue}" for queue in queues)))
        if "media" in queues:
            with self.app.app_context():
                holds.is_equipped()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """End it: what was in hand is finished now."""
        self.alive.close()


def setup() -> None:
    """Make the application and the broker of this process, with an actor of dramatiq for each registered one."""
    app = create_app()
    with app.app_context():
        broker = working_broker(settings().redis_url, Heartbeats(app, db.engine))
    for actor in REGISTRY.values():
        _declare(app, broker, actor)
    dramatiq.set_broker(broker)


def _declare(app: Flask, broker: SafeRedisBroker, actor: ActorFunction) -> None:
    def run(delivery_id: int) -> None:
        with app.app_context():
            delivery.handle(actor, delivery_id)

    limit = LONG_LIMIT_MS if actor.long else SHORT_LIMIT_MS
    declare = dramatiq.actor(broker=broker, actor_name=actor.name, queue_name=actor.queue, time_limit=limit)
    declare(run)
