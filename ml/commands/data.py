"""`python -m ml data`: show, check, download and pack the data sets."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.commands.options import add_command, print_result
from ml.data.inventory import DatasetFile, check_source_names, describe_source, download_missing, list_files
from ml.data.loaders import DatasetError, data_folder
from ml.data.pack import PACKERS, pack_source
from ml.data.sources import SOURCES
from ml.progress import progress_bars

TEXT = """Show the data sets: what is here, what can be downloaded, checksums, licences.

They are in the folder that --data-dir or INKLING_DATA names, else in a cache folder into which training downloads
what it needs. For data sets that cannot be downloaded, the source is shown; --pack converts the files from there."""

EXAMPLES = """  python -m ml data --check
  python -m ml data --download quickdraw quickdraw-bitmaps --data-dir ../datasets
  python -m ml data --pack numtadb ~/Downloads/numta"""


def add(commands: Any) -> None:
    parser = add_command(commands, "data", run, TEXT, "--json", examples=EXAMPLES)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(SOURCES)}")
    parser.add_argument("--check", action="store_true", help="read every file and compare it with its checksum")
    parser.add_argument("--download", nargs="+", metavar="NAME", help="download what is missing or wrong")
    parser.add_argument(
        "--pack", nargs=2, metavar=("NAME", "FOLDER"), help=f"pack the files of a publisher: {', '.join(PACKERS)}"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="default: INKLING_DATA, then the cache folder")


def run(options: argparse.Namespace) -> None:
    names = options.names or options.download or (options.pack or [])[:1] or list(SOURCES)
    check_source_names([*names, *(options.download or [])])
    for name in options.download or []:
        download_missing(name, options.data_dir, progress=progress_bars)
    if options.pack:
        pack_source(options.pack[0], Path(options.pack[1]), data_folder(options.data_dir), progress=progress_bars)
    found = {
        name: list(list_files(name, options.data_dir, check=options.check))
        for name in progress_bars(names, "data sets")
    }
    print_result(options, _figures(options, found), "\n\n".join(_lines(options, found)))
    if wrong := [file.path for files in found.values() for file in files if file.is_wrong]:
        raise DatasetError(f"{len(wrong)} files are wrong: {', '.join(wrong)}. Delete them and download them again.")


def _figures(options: argparse.Namespace, found: dict[str, list[DatasetFile]]) -> dict[str, Any]:
    return {
        "folder": str(data_folder(options.data_dir)),
        "sources": [
            {
                "name": name,
                "title": SOURCES[name].title,
                "origin": SOURCES[name].origin,
                "licence": SOURCES[name].licence,
                "by_hand": SOURCES[name].by_hand,
                "files": [asdict(file) for file in files],
            }
            for name, files in found.items()
        ],
    }


def _lines(options: argparse.Namespace, found: dict[str, list[DatasetFile]]) -> Iterator[str]:
    yield f"Data sets in {data_folder(options.data_dir)}"
    for name, files in found.items():
        yield textwrap.indent("\n".join(describe_source(name, files)), "  ").removeprefix("  ")
