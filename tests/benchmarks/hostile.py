"""`python -m tests.benchmarks.hostile [COUNT]`: send thousands of hostile requests to a running site.

One process of two threads, two connections, and a database of its own, which is deleted. Each request must be
refused with a 4xx in at most 200 ms of server time; pictures of drawings may be answered. The process may grow by at
most 50 MB, and nothing may be stored. Ends with status 1 otherwise.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import tests.environment  # noqa: F401
from recognizer.api.error_codes import CODES
from tests.hostile import DRAWN, Attack, make_attacks
from tests.processes.installations import MALLOC, base_environment
from tests.processes.site import RunningSite, Service, manage
from tests.smoke import free_port

COUNT = 20_000
MAX_MS, MAX_GROWTH = 200.0, 50.0
WARM_UP = 200
MAKE_A_KEY = """
from django.utils import timezone
from accounts import keys
from accounts.models import ApiKey, User
person = User.objects.create_user("alice@example.org", "a long enough word", consented_at=timezone.now())
print(keys.create_key(person=person, name="bench", scopes=list(ApiKey.Scope.values))[1])
"""
COUNT_ROWS = """
from recognizer.models import Correction, Drawing, Prediction, Receipt
print(*(model.objects.count() for model in (Drawing, Prediction, Correction, Receipt)))
"""


class ServerResponse(NamedTuple):
    """The response to one request; times in milliseconds."""

    attack: str
    status: int
    code: str
    wall: float
    cpu: float


def main(count: int) -> int:
    """Start the site, send the requests, print the table; the exit status."""
    with tempfile.TemporaryDirectory() as folder, hostile_site(Path(folder)) as site:
        secret = site.manage("shell", "--no-imports", "-v0", "-c", MAKE_A_KEY).stdout.split()[-1]
        server = site.processes("web")[-1]
        send_all(site.port, secret, make_attacks(WARM_UP, seed=1))  # loads every library that the requests need
        sizes = [server.memory_info().rss / 2**20]
        responses: list[ServerResponse] = []
        with ThreadPoolExecutor(2) as pool:
            for part in range(10):
                seeds = (100 + 2 * part, 101 + 2 * part)
                halves = pool.map(lambda seed: send_all(site.port, secret, make_attacks(count // 20, seed)), seeds)
                responses += [each for half in halves for each in half]
                sizes.append(server.memory_info().rss / 2**20)
        rows = [
            int(number) for number in site.manage("shell", "--no-imports", "-v0", "-c", COUNT_ROWS).stdout.split()[-4:]
        ]
        return report(responses, sizes, sum(rows))


@contextmanager
def hostile_site(folder: Path) -> Iterator[RunningSite]:
    """A site with one web process of two threads."""
    port = free_port()
    mine = {**MALLOC, "INKLING_ENV": "embedded", "DJANGO_SETTINGS_MODULE": "tests.benchmarks.timed"}
    environment = base_environment(folder, **mine)
    for command in (["migrate", "-v0"], ["install_models"]):
        manage(environment, *command)
    serve = ["python", "-m", "config.server", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    with RunningSite([Service("web", serve, environment)], port=port, folder=folder) as site:
        yield site


def send_all(port: int, secret: str, many: Iterable[Attack]) -> list[ServerResponse]:
    """Send the requests one after the other over one connection, which the server may close."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return [send(connection, secret, attack) for attack in many]


def send(connection: http.client.HTTPConnection, secret: str, attack: Attack) -> ServerResponse:
    """Send one request; without a response its status is 0 and its code the error of the connection."""
    headers = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": attack.content_type.encode("latin-1"),
        **attack.headers,
    }
    for _try in range(2):  # the server may have closed a connection that was idle
        try:
            connection.request("POST", attack.path, attack.body, headers)  # type: ignore[arg-type]
            answer = connection.getresponse()
            body = answer.read()
            break
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            problem = type(error).__name__
    else:
        return ServerResponse(attack.name, 0, problem, 0, 0)
    spent = re.findall(r"dur=([\d.]+)", answer.getheader("Server-Timing", ""))
    wall, cpu = (float(each) for each in spent) if spent else (0.0, 0.0)
    return ServerResponse(attack.name, answer.status, code_of(body), wall, cpu)


def code_of(body: bytes) -> str:
    """The error code of a response, or "" if it is not an error of the API with a text."""
    try:
        problem = json.loads(body)
        return (
            str(problem["code"])
            if set(problem) == {"code", "detail", "field", "request_id"} and len(problem["detail"]) > 15
            else ""
        )
    except (ValueError, TypeError):
        return ""


def report(responses: list[ServerResponse], sizes: list[float], rows: int) -> int:
    """Print the figures; the exit status."""
    kinds: dict[str, list[ServerResponse]] = defaultdict(list)
    for each in responses:
        kinds[each.attack].append(each)
    for name, found in sorted(kinds.items()):
        walls = sorted(each.wall for each in found)
        codes = ", ".join(
            f"{status} {code} {count}"
            for (status, code), count in Counter((e.status, e.code) for e in found).most_common(6)
        )
        middle, late, last = (walls[int(share * (len(walls) - 1))] for share in (0.5, 0.99, 1))
        sys.stdout.write(
            f"{name:28} {len(found):6}  p50 {middle:6.1f}  p99 {late:6.1f}  most {last:6.1f} ms   {codes}\n"
        )
    unclear = [
        e
        for e in responses
        if not (400 <= e.status < 500 and e.code in CODES and CODES[e.code].status == e.status)
        and not (e.status == 200 and e.attack.startswith(DRAWN))
    ]
    slow = [each for each in responses if each.wall > MAX_MS]
    sys.stdout.write(
        f"{len(responses)} requests: {len(unclear)} without a 4xx and its code, {len(slow)} over {MAX_MS:.0f} ms"
    )
    sys.stdout.write(f" (of these {sum(e.cpu > MAX_MS for e in slow)} in processor time)\n")
    growth = max(sizes) - sizes[0]
    course = ", ".join(f"{size:.0f}" for size in sizes)
    sys.stdout.write(f"memory, MB: {course}; grew by {growth:.0f}; rows stored: {rows}\n")
    for each in [*unclear[:10], *sorted(slow, key=lambda e: -e.wall)[:10]]:
        sys.stdout.write(f"  {each}\n")
    return int(bool(unclear or slow or growth > MAX_GROWTH or rows))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
