"""`python -m ml export`: the model of a bundle in other forms."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ml.artifact import export_bundle, load_keras, probe_rasters, save_bundle
from ml.commands.options import add_bundle, command, open_bundle


def add(commands: Any) -> None:
    text = "Convert the Keras model of a bundle to LiteRT again, and write the result as a new bundle."
    parser = command(commands, "export", export, text)
    add_bundle(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the new bundle")
    parser.add_argument("--quantise", action="store_true", help="store the weights in 8 bits (dynamic range)")


def export(options: argparse.Namespace) -> None:
    bundle, _ = open_bundle(options)
    manifest = bundle.manifest
    copied = {key: manifest[key] for key in ("recognizer", "labels", "unsure_below", "metrics", "training")}
    exported = export_bundle(load_keras(bundle), probe=probe_rasters(manifest), quantise=options.quantise, **copied)
    save_bundle(exported, options.out)
    print(f"{options.out}: {len(exported.tflite):,} bytes of .tflite, {len(exported.keras):,} bytes of .keras.")
