"""The outside world: one interface each and a default that runs anywhere. Leaves: they know nothing of the app."""
