"""The document of the API (OpenAPI 3.1): what each address takes and gives, kept apart from the views that do it.

It is made when it is first asked for, so a process that only answers never loads what makes it; a test holds it
against the routes, and real answers against it.
"""
