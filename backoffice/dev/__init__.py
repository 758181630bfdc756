"""What a developer's machine needs and production does not: embedded servers and `up`, the supervisor."""

DEMO_PASSWORD = "lectern-demo"
"""Password of every demo login; the demo data and the last lines of `up` must agree on it."""
