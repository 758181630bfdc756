"""Benchmarks: what the house promises, measured on servers of its own (`make bench`)."""
