"""Who hears events, by subject."""
