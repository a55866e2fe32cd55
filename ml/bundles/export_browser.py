"""Export a bundle as a folder that recognizes drawings in a browser, from any web server for static files.

The model is the file that the site serves; raster and network are the site's own scripts. When it is opened, the page
checks the file's SHA-256 and compares itself with the golden vectors.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.bundles.bundle import TFLITE_FILE, Bundle, verify_bundle
from ml.bundles.device import device_labels, golden_vectors

FOLDER = "browser"
PAGE = Path(__file__).parent / "browser"
SCRIPTS = Path(__file__).parents[2] / "static" / "js"
# What a page needs of the site's scripts; `worker.js` and its like are for the site itself.
NEEDED = [
    "draw/raster.js",
    *(f"model/{name}.js" for name in ("flatbuffer", "load", "local_model", "network", "operations", "product")),
    *(f"model/{name}.js" for name in ("sha256", "tflite")),
]


def export_browser(bundle: Bundle, out: Path) -> Path:
    """Write the folder `browser` in `out`, in place of an older one; returns it. Raises BundleError."""
    predictor = verify_bundle(bundle)
    manifest = bundle.manifest
    about = {
        "recognizer": manifest["recognizer"],
        "title": manifest.get("title", ""),
        "model_version": None,  # only a site numbers its versions
        "sha256": manifest["sha256"]["tflite"],
        "labels": device_labels(manifest["labels"]),
        "raster": asdict(bundle.raster),
        "preprocess_version": manifest["preprocess_version"],
        "unsure_below": manifest["unsure_below"],
        "created": manifest["created"],
    }
    vectors = golden_vectors(predictor, bundle.raster, bundle.slugs, manifest["unsure_below"])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as temporary:
        folder = Path(temporary) / FOLDER
        shutil.copytree(PAGE, folder)
        for name in NEEDED:
            (folder / "js" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SCRIPTS / name, folder / "js" / name)
        (folder / TFLITE_FILE).write_bytes(bundle.tflite)
        _write_json(folder / "model.json", about)
        _write_json(folder / "vectors.json", vectors)
        final = out / FOLDER
        if final.exists():
            shutil.rmtree(final)
        folder.replace(final)
    return final


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")
