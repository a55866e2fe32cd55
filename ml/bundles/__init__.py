"""Model versions as files: read, verify, build and export bundles, and answer with them."""
