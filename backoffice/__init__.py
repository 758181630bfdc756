"""Lectern: a marketplace for courses. Importing it loads nothing: supervisor and sandboxed children stay light."""
