"""The OpenAPI 3.1 document of the API.

It is built at the first request for it, so that other processes never load what builds it. Tests compare it with the
routes and with real responses.
"""
