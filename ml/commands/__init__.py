"""The commands of `python -m ml`, one module for each group: options first, then what the command does."""
