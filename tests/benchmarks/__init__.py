"""Benchmarks of the running site; docs/benchmarks.md has their results."""
