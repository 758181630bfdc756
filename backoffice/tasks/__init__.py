"""The asynchronous edge: events become deliveries, deliveries reach actors, sweeps find what is due."""
