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
IN_COMPOSE = COMPOSE["services"]["web"]["environment"]
IN_PROCFILE = dict(re.findall(r"(\w+)=(\S+)", (ROOT / "Procfile").read_text().splitlines()[0].partition("--")[0]))


@pytest.mark.parametrize("service", [IN_COMPOSE, IN_PROCFILE], ids=["docker-compose.yml", "Procfile"])
def test_threads_that_decode_large_pictures_keep_little_memory(service: dict[str, str]) -> None:
    malloc = {name: value for name, value in service.items() if name.startswith("MALLOC_")}
    assert set(malloc) == {"MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | malloc
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    if sys.platform == "linux":  # other systems have another malloc
        assert int(done.stdout) < 50  # MB
