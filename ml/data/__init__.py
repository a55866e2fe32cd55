"""Data sets: sources, download, inventory and loaders."""
