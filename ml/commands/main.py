"""The command line of `ml`: reads the arguments, runs one command, and writes expected errors as one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ml.bundles.bundle import BundleError
from ml.bundles.export import ExportError
from ml.commands import bench, data, evaluate, export, notebooks, report, symbols, train
from ml.data.labelled_files import EvaluationError
from ml.data.loaders import DatasetError
from ml.data.recognizer_folder import FolderError
from ml.symbols.typeset import TypesetError
from ml.training.train import TrainingError

COMMANDS = (data, train, evaluate, report, export, bench, notebooks, symbols)
# Their messages say what to do, so no traceback is shown.
EXPECTED = (BundleError, DatasetError, EvaluationError, ExportError, FolderError, TrainingError, TypesetError)
EXTRAS = {  # of packages that only some commands need
    **dict.fromkeys(("tensorflow", "keras", "tqdm", "matplotlib"), "train"),
    **dict.fromkeys(("nbclient", "nbformat"), "dev"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, or 2 if a file, a folder, a bundle or a data set is missing or wrong."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except EXPECTED as error:
        print(f"python -m ml {options.command}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        extra = EXTRAS[error.name]
        print(f"python -m ml {options.command} needs {error.name}: install the extra '{extra}'.", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader (as `head`) has closed the pipe
        sys.stderr.close()
    except OSError as error:
        print(f"python -m ml {options.command}: {error.filename}: {error.strerror}.", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml", description="Train, measure, report on and export recognizers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser
