"""The API that the site's own pages are built on: each view checks, calls one verb, answers. A noun a file."""
