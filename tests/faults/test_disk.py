"""A full disk under the embedded database: writing is a 503, reading goes on, and nothing that was saved is lost."""

from __future__ import annotations

import sys
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.faults.conftest import EMAIL, MAKE_ALICE, PASSWORD, Visitor
from tests.faults.test_postgresql import check_error
from tests.processes.installations import embedded
from tests.processes.site import RunningSite, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux changes the limits of a running process."),
]


SPACE = 64 * 1024  # bytes of a file; SQLite's file of shared memory has 32 KB


def limit_files(site: RunningSite, most: int) -> None:
    """No file of the web processes may grow beyond so many bytes: for them the disk is full."""
    for process in site.processes("web"):
        process.rlimit(psutil.RLIMIT_FSIZE, (most, psutil.RLIM_INFINITY))


def draw(visitor: Visitor, uuid: str) -> int:
    """Save a drawing; returns the status."""
    answer = visitor.draw_seven(uuid)
    if answer.status == 503:
        check_error(answer)
    return answer.status


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    ids = [str(uuid4()) for _ in range(300)]
    with embedded(tmp_path) as site:
        site.manage("shell", "--no-imports", "-v0", "-c", MAKE_ALICE)
        visitor = Visitor(site.url)
        visitor.sign_in(EMAIL, PASSWORD)
        limit_files(site, SPACE)
        saved = [*takewhile(lambda uuid: draw(visitor, uuid) == 201, ids)]
        refused = ids[len(saved) : len(saved) + 2]
        assert [draw(visitor, uuid) for uuid in refused] == [503, 503]
        assert visitor.request("/drawings/").status == 200
        limit_files(site, psutil.RLIM_INFINITY)
        wait_until(lambda: draw(visitor, refused[0]) in (200, 201), "drawings can be saved again", 20)
        assert {draw(visitor, uuid) for uuid in [*saved, refused[0]]} == {200}
        assert draw(visitor, refused[1]) == 201
        assert visitor.is_signed_in()
