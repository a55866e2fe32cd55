"""What `python -m ml` can do, one command (or a few alike) a file: its options, then what it does with them."""
