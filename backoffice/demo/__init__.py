"""Demo data: a believable shop with its past, made through the operations."""
