"""Client generators and linters of other projects, in a cache folder: `tools/` names their versions and hashes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import find_program

TOOLS = Path(__file__).parent / "tools"
PROGRAMS = Path(__file__).parent / "programs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkling"


@dataclass(frozen=True)
class Toolbox:
    """The folder of the installed tools."""

    folder: Path

    @property
    def python(self) -> Path:
        """The Python that has openapi-python-client, and what its clients need."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def generator_jar(self) -> Path:
        """The program openapi-generator. It contains Jackson, which its Java clients need."""
        return next(self.folder.glob("venv/lib/*/site-packages/openapi_generator_cli/openapi-generator.jar"))

    @property
    def class_path(self) -> str:
        """What the Java client needs."""
        jars = [self.generator_jar, *sorted((self.folder / "debian").glob("usr/share/java/*.jar"))]
        return os.pathsep.join(map(str, jars))

    def run(self, command: str, folder: Path) -> str:
        """The output of a command with the tools on the PATH. Raises AssertionError with its output if it fails."""
        places = [self.folder / "node_modules" / ".bin", self.python.parent, os.environ["PATH"]]
        quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "ORVAL_TELEMETRY": "off"}
        environment = {**os.environ, **quiet, "PATH": os.pathsep.join(map(str, places))}
        environment |= {"CLASSPATH": self.class_path, "GENERATOR_JAR": str(self.generator_jar)}
        return _run(["sh", "-ec", command], folder, environment)


def install() -> Toolbox:
    """The tools, installed if they are not in the cache. Without a program that this needs the test is skipped."""
    for program in ("npm", "node", "java", "javac", "apt-get", "dpkg-deb"):
        find_program(program)
    pinned = sorted(path for path in TOOLS.iterdir() if path.is_file())
    version = hashlib.sha256(b"".join(path.read_bytes() for path in pinned) + sys.version.encode()).hexdigest()
    folder = CACHE / f"client-generators-{version[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / "lock"):
        if not (folder / "complete").exists():
            _install_into(folder)
            (folder / "complete").touch()
    return Toolbox(folder)


def _install_into(folder: Path) -> None:
    uv = [sys.executable, "-m", "uv"]
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TOOLS / name, folder)
    try:
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        _run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, "venv"], folder)
        lock = str(TOOLS / "requirements.lock")
        _run([*uv, "pip", "sync", "--quiet", "--python", "venv/bin/python", "--require-hashes", lock], folder)
        for line in (TOOLS / "debian.txt").read_text().splitlines():
            package, sha256 = line.split()
            _install_package(package, sha256, folder)
    except AssertionError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"The client generators cannot be installed: {error}")


def _install_package(package: str, sha256: str, folder: Path) -> None:
    """Unpack a Debian package. It is not installed, so nobody needs to be root."""
    _run(["apt-get", "download", "-qq", package], folder)
    (archive,) = folder.glob(f"{package.partition('=')[0]}_*.deb")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert found == sha256, f"{archive.name} has the SHA-256 {found}, not {sha256}."
    _run(["dpkg-deb", "--extract", archive.name, "debian"], folder)


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    output = (ran.stdout + ran.stderr)[-10_000:]
    assert ran.returncode == 0, f"{' '.join(command)} ended with {ran.returncode}:\n{output}"
    return ran.stdout


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Other test processes wait until the tools are installed."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
