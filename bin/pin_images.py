"""Adds the digests of the images to the Dockerfile and docker-compose.yml: `python bin/pin_images.py`.

A tag can be moved to another image, a digest cannot. The registries must be reachable. Run it before a release, and
again after a change of a tag: it asks for the digest of every tag, also where a file has one. --check changes nothing
and fails if a digest is missing or the registry has another one.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
FILES = ("Dockerfile", "docker-compose.yml")
IMAGE = re.compile(
    r"(?P<before>^FROM |^ *image: )(?P<name>[\w./:-]+?):(?P<tag>[\w.-]+)(@sha256:[0-9a-f]{64})?(?=\s|$)", re.MULTILINE
)
ACCEPT = ", ".join(
    f"application/vnd.{kind}+json" for kind in ("oci.image.index.v1", "docker.distribution.manifest.list.v2")
)  # of all platforms at once


def main() -> None:
    """Change the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a digest is missing or old")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder of the two files")
    parser.add_argument("--registry", default="https://registry-1.docker.io", help="for names without a host")
    options = parser.parse_args()
    old = []
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        for file in (options.root / name for name in FILES):
            text = file.read_text()
            pinned = IMAGE.sub(lambda found: _pinned(client, options.registry, found), text)
            if pinned != text:
                old.append(file.name)
                if not options.check:
                    file.write_text(pinned)
    if options.check and old:
        raise SystemExit(f"Digests are missing or old in {' and '.join(old)}. Run python bin/pin_images.py.")
    sys.stdout.write(f"{'Changed: ' + ', '.join(old) if old else 'All digests are those of the registry.'}\n")


def _pinned(client: httpx.Client, registry: str, found: re.Match[str]) -> str:
    name, tag = found["name"], found["tag"]
    return f"{found['before']}{name}:{tag}@{digest(client, registry, name, tag)}"


def digest(client: httpx.Client, registry: str, name: str, tag: str) -> str:
    """The digest of a tag, for all its platforms, as "sha256:..."; raises SystemExit with the reason."""
    repository = name if "/" in name else f"library/{name}"
    address = f"{registry}/v2/{repository}/manifests/{tag}"
    try:
        response = client.head(address, headers={"Accept": ACCEPT})
        if response.status_code == httpx.codes.UNAUTHORIZED:  # registries ask everybody for a token, which is free
            token = _token(client, response.headers.get("WWW-Authenticate", ""))
            response = client.head(address, headers={"Accept": ACCEPT, "Authorization": f"Bearer {token}"})
        response.raise_for_status()
        return str(response.headers["Docker-Content-Digest"])
    except (httpx.HTTPError, KeyError) as error:
        raise SystemExit(f"The digest of {name}:{tag} cannot be read from {registry}: {error}") from error


def _token(client: httpx.Client, challenge: str) -> str:
    """From a header like Bearer realm="https://auth.example",service="x",scope="y"."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    response = client.get(fields.pop("realm"), params=fields)
    response.raise_for_status()
    return str(response.json()["token"])


if __name__ == "__main__":
    main()
