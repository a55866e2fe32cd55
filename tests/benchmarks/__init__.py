"""Benchmarks of the running site; what they print is quoted in the README."""
