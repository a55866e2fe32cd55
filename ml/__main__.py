"""The door to `ml` from the command line: `python -m ml --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml import evaluate as measure
from ml import rehearsal, tables
from ml.artifact import Bundle, BundleError, export_bundle, load_bundle, load_keras, probe_rasters, save_bundle
from ml.bench import run_bench
from ml.datasets import DatasetError
from ml.evaluate import Drawings, EvaluationError
from ml.finetune import FULL, HEAD
from ml.learning_bench import run_learning_bench
from ml.memory_bench import hands_figures, run_memory_bench
from ml.predictor import Predictor
from ml.recipes import RECIPES
from ml.robustness import measure_junk, measure_robustness
from ml.train import SEED, TrainingError, train_recognizer

MODELS = Path(__file__).parent / "models"

DATA_HELP = (
    ".jsonl or .jsonl.gz: lines with `label`, `drawing` (strokes [[x...], [y...]]) and maybe `writer`; "
    ".npz: `x` (n, h, w) uint8 white on black, `y`, and maybe `writer`"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 2 if a file, a bundle or a data set is not as it must be."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (BundleError, DatasetError, EvaluationError, TrainingError) as error:
        print(f"python -m ml {options.command}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name not in ("tensorflow", "keras"):
            raise
        print(f"python -m ml {options.command} needs {error.name}: install the extra 'train'.", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever was reading has seen enough
        sys.stderr.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description="Train, measure and export recognizers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_evaluate(commands)
    _add_robustness(commands)
    _add_junk(commands)
    _add_bench(commands)
    _add_bench_learning(commands)
    _add_bench_memory(commands)
    _add_export(commands)
    _add_rehearse(commands)
    return parser


def _command(commands: Any, name: str, run: Any, text: str, *, bundle: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    parser.add_argument("recognizer", nargs="?", default="digits", help="which recognizer (default: digits)")
    if bundle:
        parser.add_argument("--bundle", type=Path, metavar="DIR", help="default: the bundle that ships with Inkling")
        parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


# Each command: its options, then what it does.


def _add_train(commands: Any) -> None:
    text = "Train a recognizer from its data sets and write its bundle, model card and confusion matrix."
    parser = _command(commands, "train", _train, text, bundle=False)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: the shipped bundle)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help=f"for every choice made by chance (default: {SEED})"
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="a folder of data sets (default: INKLING_DATA, then downloads)"
    )


def _train(options: argparse.Namespace) -> None:
    out = options.out or MODELS / options.recognizer
    chosen = {} if options.epochs is None else {"epochs": options.epochs}
    train_recognizer(options.recognizer, out=out, seed=options.seed, data=options.data_dir, **chosen)


def _add_evaluate(commands: Any) -> None:
    text = "Measure a bundle on labelled drawings, through the same code that serves."
    parser = _command(commands, "evaluate", _evaluate, text)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=DATA_HELP)
    parser.add_argument("--by-writer", action="store_true", help="also a table by writer")
    parser.add_argument(
        "--holdout",
        action="store_true",
        help="only the fifth of the writers that training leaves alone (by sha256 of the writer)",
    )
    parser.add_argument("--junk", action="store_true", help="count drawings of other labels as junk, not as an error")


def _evaluate(options: argparse.Namespace) -> None:
    bundle, predictor = _open(options)
    drawings = _read(options.data, holdout=options.holdout)
    truth = measure.to_indices(drawings.labels, bundle.slugs, junk=options.junk)
    probabilities = predictor.predict(drawings.rasters).probabilities
    report = measure.evaluate(
        probabilities, truth, bundle.slugs, bundle.manifest["unsure_below"], groups=drawings.writers
    )
    if options.json:
        _print_json(report.to_dict())
    else:
        print(tables.report_text(report, by_writer=options.by_writer))


def _read(paths: Sequence[Path], *, holdout: bool) -> Drawings:
    drawings = measure.join([measure.read_drawings(path) for path in paths])
    if not holdout:
        return drawings
    kept_out = measure.held_out_writers(drawings.writers)
    if not kept_out:
        raise EvaluationError("--holdout needs drawings that name at least 5 writers.")
    return measure.select(drawings, np.isin(drawings.writers, kept_out))


def _add_robustness(commands: Any) -> None:
    text = "Move, scale and resample drawings and draw them on other canvases: which answers stay the same?"
    parser = _command(commands, "robustness", _robustness, text)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help=".jsonl or .jsonl.gz")
    parser.add_argument("--limit", type=int, default=2_000, metavar="N", help="drawings to take (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")


def _robustness(options: argparse.Namespace) -> None:
    _, predictor = _open(options)
    inks = [ink for path in options.data for ink in measure.read_inks(path)]
    figures = measure_robustness(predictor, inks, limit=options.limit, seed=options.seed)
    if options.json:
        _print_json(figures)
    else:
        print(tables.shares_text("the same ink", figures))
        print("\nBrush and colour are not part of the ink, so they cannot change an answer.")


def _add_junk(commands: Any) -> None:
    text = "Measure how much junk (blanks, dots, scribbles, foreign characters) is answered 'not sure'."
    parser = _command(commands, "junk", _junk, text)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="a folder of data sets (default: INKLING_DATA)")
    parser.add_argument("--count", type=int, default=500, metavar="N", help="drawings of each made-up kind")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")


def _junk(options: argparse.Namespace) -> None:
    bundle, predictor = _open(options)
    below = bundle.manifest["unsure_below"]
    figures = measure_junk(predictor, below, data=options.data_dir, count=options.count, seed=options.seed)
    if options.json:
        _print_json(figures)
    else:
        print(tables.shares_text("drawn", figures))


def _add_bench(commands: Any) -> None:
    text = "Measure the time of each stage of an answer, and the memory of a process that answers."
    parser = _command(commands, "bench", _bench, text)
    parser.add_argument("--calls", type=int, default=1_000, metavar="N", help="calls of each stage (default: 1000)")


def _bench(options: argparse.Namespace) -> None:
    folder = options.bundle or MODELS / options.recognizer
    Predictor.from_bundle(load_bundle(folder))  # says what is wrong with a bundle before anything is timed
    figures = run_bench(folder, calls=options.calls)
    if options.json:
        _print_json(figures)
        return
    rows = [(name, f"{line['median_ms']:.3f}", f"{line['p95_ms']:.3f}") for name, line in figures["stages"].items()]
    print(tables.table(("stage", "median ms", "95 % ms"), rows))
    print()
    print(tables.table(("a process without TensorFlow", "MB"), list(figures["memory_mb"].items())))


def _add_bench_learning(commands: Any) -> None:
    text = "Measure what approved drawings teach a base that knows MNIST alone, and what bad ones do to it (minutes)."
    parser = _command(commands, "bench-learning", _bench_learning, text, bundle=False)
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR", help="where the base is kept, or found")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="a folder of data sets (default: INKLING_DATA)")
    parser.add_argument("--mode", choices=(FULL, HEAD), action="append", help="may be repeated (default: both)")
    parser.add_argument("--poisonings", type=int, default=3, metavar="N", help="of each mode (default: 3)")
    parser.add_argument("--alone", type=int, default=3, metavar="N", help="people with their own site (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def _bench_learning(options: argparse.Namespace) -> None:
    figures = run_learning_bench(
        options.data_dir,
        options.cache,
        modes=options.mode or [HEAD, FULL],
        poisonings=options.poisonings,
        alone=options.alone,
        report=lambda progress: None,
    )
    if options.json:
        _print_json(figures)
    else:
        print(tables.learning_text(figures))


def _add_bench_memory(commands: Any) -> None:
    text = "Measure what a person's memory is worth, on writers it was not tuned on (trains two bases once: minutes)."
    parser = _command(commands, "bench-memory", _bench_memory, text)
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where the bases are kept, or found")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="a folder of data sets (default: INKLING_DATA)")
    parser.add_argument(
        "--data", type=Path, nargs="+", metavar="FILE", help=f"only the writers of these, with the bundle; {DATA_HELP}"
    )


def _bench_memory(options: argparse.Namespace) -> None:
    bundle, _ = _open(options)
    if options.data:
        drawings = _read(options.data, holdout=False)
        if not all(drawings.writers):
            raise EvaluationError("bench-memory needs drawings that name their writers.")
        figures: dict[str, Any] = {"hands": {"these": hands_figures(bundle, drawings)}}
    elif options.cache:
        figures = run_memory_bench(options.data_dir, options.cache, bundle)
    else:
        raise EvaluationError("Name a folder for the bases with --cache, or drawings with --data.")
    if options.json:
        _print_json(figures)
    else:
        print(tables.memory_text(figures))


def _add_rehearse(commands: Any) -> None:
    text = "Make the rehearsal pack of a bundle from the data sets that its base was trained on."
    parser = _command(commands, "rehearse", _rehearse, text, bundle=False)
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="default: the bundle that ships with Inkling")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="a folder of data sets (default: INKLING_DATA)")


def _rehearse(options: argparse.Namespace) -> None:
    out = options.bundle or MODELS / options.recognizer
    bundle = load_bundle(out)
    if bundle.manifest["recognizer"] not in RECIPES:
        raise TrainingError(f"No recipe for {bundle.manifest['recognizer']!r}; there are: {', '.join(RECIPES)}.")
    packed = rehearsal.make(bundle, RECIPES[bundle.manifest["recognizer"]].replay(options.data_dir))
    save_bundle(packed, out)
    print(f"{out}: {len(packed.rehearsal):,} bytes of rehearsal pack.")


def _add_export(commands: Any) -> None:
    text = "Convert the Keras model of a bundle to LiteRT again, and write the result as a new bundle."
    parser = _command(commands, "export", _export, text, bundle=False)
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="default: the bundle that ships with Inkling")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the new bundle")
    parser.add_argument("--quantise", action="store_true", help="store the weights in 8 bits (dynamic range)")


def _export(options: argparse.Namespace) -> None:
    bundle, _ = _open(options)
    manifest = bundle.manifest
    copied = {key: manifest[key] for key in ("recognizer", "labels", "unsure_below", "metrics", "training")}
    exported = export_bundle(load_keras(bundle), probe=probe_rasters(manifest), quantise=options.quantise, **copied)
    save_bundle(exported, options.out)
    print(f"{options.out}: {len(exported.tflite):,} bytes of .tflite, {len(exported.keras):,} bytes of .keras.")


def _open(options: argparse.Namespace) -> tuple[Bundle, Predictor]:
    bundle = load_bundle(options.bundle or MODELS / options.recognizer)
    return bundle, Predictor.from_bundle(bundle)


def _print_json(figures: Any) -> None:
    print(json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False))


if __name__ == "__main__":
    sys.exit(main())
