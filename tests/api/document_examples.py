"""The requests that the API's document of an earlier commit offers, for a test that sends them to today's API.

git worktree add /tmp/before bf0948a
cd /tmp/before && DJANGO_SETTINGS_MODULE=config.settings INKLING_ENV=embedded SECRET_KEY=x python -c "
import django; django.setup()
from recognizer.api.openapi.build import document; print(document().json.decode())" > /tmp/document.json
cd - && python -m tests.api.document_examples /tmp/document.json > tests/data/api_requests.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def requests_of(document: Json) -> list[Json]:
    """Each operation: its address, the schemas of its query parameters, its bodies by media type, its good statuses."""
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            examples = [each["example"] for each in content.values() if "example" in each]
            found.append(
                {
                    "name": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "query": {
                        each["name"]: each["schema"] for each in operation["parameters"] if each["in"] == "query"
                    },
                    "media_types": list(content),
                    "examples": examples + _bodies_of_links(document, operation["operationId"]),
                    "statuses": [int(status) for status in operation["responses"] if status.startswith("2")],
                }
            )
    return found


def _bodies_of_links(document: Json, name: str) -> list[Any]:
    """The bodies that links to this operation give."""
    responses = [
        response
        for methods in document["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
    ]
    links = [link for response in responses for link in response.get("links", {}).values()]
    return [link["requestBody"] for link in links if link["operationId"] == name and "requestBody" in link]


if __name__ == "__main__":
    lines = [json.dumps(each, ensure_ascii=False) for each in requests_of(json.loads(Path(sys.argv[1]).read_text()))]
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")
