"""Commands that reproduce the measured figures of the documents."""
