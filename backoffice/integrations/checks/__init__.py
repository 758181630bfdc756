"""Automatic moderation: a frozen snapshot of a course in, findings with place and evidence out (L-3).

A new check is a module with a `CHECK` that stands in `registry.CHECKS`, with a message for each of its codes."""
