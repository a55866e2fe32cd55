"""What large pictures took is given back to the system, in every thread."""

import subprocess
import sys

import pytest

PROGRAM = """
import io
from concurrent.futures import ThreadPoolExecutor
import psutil
from PIL import Image
from config import memory
from ml.preprocessing.decode_image import decode_image
assert memory.give_large_blocks_back()
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


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told so")
def test_pictures_leave_little_behind_in_any_thread() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50  # MB
