"""How ink becomes labels: arrays in, arrays out; no web framework, no task queue, no settings."""
