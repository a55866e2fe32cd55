"""The project: settings, URLs, and the entry points of its processes."""
