"""`bin/pin_images.py` writes the digests that a registry has for the tags of our images."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes.site import ROOT

FILES = ("Dockerfile", "docker-compose.yml")


class Registry(BaseHTTPRequestHandler):
    """A registry that wants a token, as Docker Hub does. The digest of a tag depends on its name."""

    def do_GET(self) -> None:
        body = b'{"token": "t"}'
        self.send_response(200 if "scope=repository" in self.path else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        if self.headers["Authorization"] != "Bearer t":
            host = self.headers["Host"]
            self.send_response(401)
            self.send_header("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="s",scope="repository:x"')
        elif "index" in self.headers["Accept"] and "missing" not in self.path:
            self.send_response(200)
            self.send_header("Docker-Content-Digest", f"sha256:{sha256(self.path.encode()).hexdigest()}")
        else:
            self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with our two files."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def pin(folder: Path, registry: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bin/pin_images.py", "--root", str(folder), "--registry", registry, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_image_from_a_registry_gets_its_digest(folder: Path, registry: str) -> None:
    assert pin(folder, registry).returncode == 0
    for name in FILES:
        before, after = (ROOT / name).read_text(), (folder / name).read_text()
        assert re.sub(r"@sha256:\w+", "", after) == re.sub(r"@sha256:\w+", "", before)
        tagged = re.findall(r"(?:^FROM|^ *image:) ([^\s@]+:[^\s@]+)(\S*)", after, re.MULTILINE)
        assert len(tagged) == 2
        for image, found in tagged:
            repository, tag = image.split(":")
            path = f"/v2/library/{repository}/manifests/{tag}"
            assert found == f"@sha256:{sha256(path.encode()).hexdigest()}"


def test_digests_are_checked_and_replaced(folder: Path, registry: str) -> None:
    assert pin(folder, registry, "--check").returncode == 1
    pin(folder, registry)
    assert pin(folder, registry, "--check").returncode == 0
    file = folder / "Dockerfile"
    right = file.read_text()
    file.write_text(re.sub(r"@sha256:\w+", "@sha256:" + "0" * 64, right))
    assert pin(folder, registry, "--check").returncode == 1
    pin(folder, registry)
    assert file.read_text() == right


def test_a_tag_that_the_registry_does_not_have_is_an_error_that_names_it(folder: Path, registry: str) -> None:
    file = folder / "Dockerfile"
    file.write_text("FROM missing:1.2.3 AS base\n")
    done = pin(folder, registry)
    assert done.returncode != 0
    assert "missing:1.2.3" in done.stderr
    assert file.read_text() == "FROM missing:1.2.3 AS base\n"
