"""Benchmarks: what the house promises, measured on servers of its own (`make bench`)."""

NAMES = ("event_latency", "purchase", "release", "commission", "ledger_pages", "transcode", "upload", "ranges")
"""Every benchmark by the name of its module, which has a `measure`; each is made for an empty database."""
