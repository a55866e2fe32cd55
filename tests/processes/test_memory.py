"""The web processes return the memory of large pictures to the system, from every thread."""

import os
import re
import subprocess
import sys

import pytest

from tests.processes.installations import COMPOSE, ROOT

PROGRAM = """
import io
from concurrent.futures import ThreadPoolExecutor
import psutil
from PIL import Image
from ml.preprocessing.decode_image import decode_image
files = []
for side in (2449, 2000, 1500, 1000):
    file = io.BytesIO()
    Image.new("RGBA", (side, side), "white").save(file, "PNG", compress_level=1)
    files.append(file.getvalue())
for data in files:
    decode_image(data)
before = psutil.Process().memory_info().rss
with ThreadPoolExecutor(4) as pool:
    for data in files * 4:
        pool.submit(decode_image, data)
print((psutil.Process().memory_info().rss - before) // 2**20)
"""
FRAGMENTS = """
import time
import psutil
from config import server
pieces = [bytearray(100_000) for _ in range(1_000)]
for at in range(len(pieces)):
    if at % 20:
        pieces[at] = None
before = psutil.Process().memory_info().rss
server.TRIM_EVERY = 0.1
server.start_trimming()
time.sleep(1)
print((before - psutil.Process().memory_info().rss) // 2**20)
"""
IN_COMPOSE = COMPOSE["services"]["web"]["environment"]
IN_PROCFILE = dict(re.findall(r"(\w+)=(\S+)", (ROOT / "Procfile").read_text().splitlines()[0].partition("--")[0]))


@pytest.mark.parametrize("service", [IN_COMPOSE, IN_PROCFILE], ids=["docker-compose.yml", "Procfile"])
def test_threads_that_decode_large_pictures_keep_little_memory(service: dict[str, str]) -> None:
    malloc = {name: value for name, value in service.items() if name.startswith("MALLOC_")}
    assert set(malloc) == {"MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"}
    printed = run(PROGRAM, malloc)
    if sys.platform == "linux":  # other systems have another malloc
        assert printed < 50  # MB


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have another malloc")
def test_what_is_free_between_pieces_that_are_in_use_goes_back_to_the_system() -> None:
    malloc = {name: value for name, value in IN_COMPOSE.items() if name.startswith("MALLOC_")}
    assert run(FRAGMENTS, malloc) > 80  # of 95 MB


def run(program: str, variables: dict[str, str]) -> int:
    """The number that a program prints, in an environment with these variables of malloc."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | variables
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)
