"""The project: settings, URLs, middleware and the entry points of its processes."""
