"""A course as one file (docs/course-archive.md): `model`, `reading` and `writing` of its text, `zips` around it."""
