"""`python -m ml bench`, and `bench-` with learning, gate, memory, filters, across and symbols: reproduce figures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml.benchmarks.across import across_text, fit_shipped, run_across_bench
from ml.benchmarks.filters import EPOCHS, run_filters_bench
from ml.benchmarks.gate import RUNS, gate_text, run_gate_bench
from ml.benchmarks.latency import run_bench
from ml.benchmarks.learning import learning_text, run_learning_bench
from ml.benchmarks.memory import measure_writers, memory_text, run_memory_bench
from ml.benchmarks.studies import SHIPPED_STUDIES, STUDIES, TRAINED_BASES, OpenStudy
from ml.benchmarks.symbols import run_symbols_bench
from ml.bundles.bundle import Bundle, load_bundle, verify_bundle
from ml.commands.options import DATA_HELP, MODELS, add_command, folder_of, open_bundle, print_result, read_drawings
from ml.data.approved import ApprovedDrawings
from ml.data.labelled_files import EvaluationError
from ml.evaluation.across import ACROSS_FILE, save_numbers, shipped_numbers
from ml.reporting import text_tables
from ml.training.finetune import FULL, HEAD, finetune

BENCH = "Measure the time of each stage of an answer, and the memory of a process that answers."
LEARNING = """Measure what a base learns from approved drawings, and from wrong labels (minutes).

For digits and bangla-digits a base is trained once that has not seen the people's drawings; for sketches it is the
shipped bundle. The authors of sketches and of Bangla digits are made up: 20 drawings each, at random, always the same.
"""
GATE = """Measure how often the gate's field test promotes equally good, worse and better models (minutes).

The bases are the shipped bundles; the drawings are of people whom they were not trained on. The authors of sketches and
of Bangla digits are made up, as in bench-learning; those of the digits are real.
"""
MEMORY = "Measure the effect of a personal memory, on writers it was not tuned on (trains two bases once: minutes)."
FILTERS = "Compare the image filters of a known demo with our normaliser, with one network, on Bangla digits (minutes)."

ACROSS = """Measure how often the surest of all recognizers is the right one, on 2,000 drawings of all base tests.

With --fit, first fit the numbers that compare the recognizers, on other drawings, and write them beside the bundles."""
SYMBOLS = (
    "Measure maths on drawings that were kept out: all labels, single commands, 200 labels, other people's pictures."
)


def add(commands: Any) -> None:
    parser = add_command(commands, "bench-across", bench_across, ACROSS, "--json")
    parser.add_argument("--fit", action="store_true", help=f"fit the numbers and write {ACROSS_FILE.name}")
    parser = add_command(commands, "bench", bench, BENCH, "recognizer", "--bundle", "--json")
    parser.add_argument("--calls", type=int, default=1_000, metavar="N", help="calls of each stage (default: 1000)")

    shared = ("recognizer", "--bundle", "--data-dir", "--json")
    parser = add_command(commands, "bench-learning", bench_learning, LEARNING, *shared)
    _add_cache(parser)
    parser.add_argument("--mode", choices=(FULL, HEAD), action="append", help="may be repeated (default: both)")
    parser.add_argument(
        "--poisonings", type=int, default=3, metavar="N", help="tries with wrong labels, per mode (default: 3)"
    )
    parser.add_argument("--alone", type=int, default=3, metavar="N", help="people with their own site (default: 3)")

    parser = add_command(commands, "bench-gate", bench_gate, GATE, *shared)
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"of each case and size (default: {RUNS})")

    parser = add_command(commands, "bench-memory", bench_memory, MEMORY, *shared)
    _add_cache(parser)
    parser.add_argument(
        "--data", type=Path, nargs="+", metavar="FILE", help=f"only the writers of these, with the bundle; {DATA_HELP}"
    )

    parser = add_command(commands, "bench-filters", bench_filters, FILTERS, "--data-dir", "--json")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"default: {EPOCHS}, as in the demo")
    parser.add_argument("--limit", type=int, metavar="N", help="drawings of each part (default: all)")

    parser = add_command(commands, "bench-symbols", bench_symbols, SYMBOLS, "--data-dir", "--json")
    parser.add_argument("--bundle", type=Path, metavar="DIR", default=MODELS / "maths", help="default: the shipped one")


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder of the trained bases, made if missing")


def bench(options: argparse.Namespace) -> None:
    folder = folder_of(options)
    verify_bundle(load_bundle(folder))  # reports what is wrong with a bundle before anything is timed
    figures = run_bench(folder, calls=options.calls)
    rows = [(name, f"{line['median_ms']:.3f}", f"{line['p95_ms']:.3f}") for name, line in figures["stages"].items()]
    stages = text_tables.table(("stage", "median ms", "95 % ms"), rows)
    memory = text_tables.table(("a process without TensorFlow", "MB"), list(figures["memory_mb"].items()))
    print_result(options, figures, f"{stages}\n\n{memory}")


def bench_learning(options: argparse.Namespace) -> None:
    open_study = _find_study(options, STUDIES)
    if options.recognizer in TRAINED_BASES and (options.bundle or not options.cache):
        raise EvaluationError("This needs a base of its own: give a folder for it with --cache, and no --bundle.")
    study = open_study(options.data_dir, options.cache, folder_of(options))

    def train_on(drawings: ApprovedDrawings, mode: str, seed: int) -> Bundle:
        return finetune(
            study.base,
            drawings,
            mode=mode,
            seed=seed,
            report=lambda progress: None,
            data=options.data_dir,
            recipe=study.recipe,
            base_test=study.base_test,
        )

    figures = run_learning_bench(
        study, train_on, modes=options.mode or [HEAD, FULL], poisonings=options.poisonings, alone=options.alone
    )
    print_result(options, figures, learning_text(figures))


def bench_gate(options: argparse.Namespace) -> None:
    open_study = _find_study(options, SHIPPED_STUDIES)
    figures = run_gate_bench(open_study(options.data_dir, Path(), folder_of(options)), runs=options.runs)
    print_result(options, figures, gate_text(figures))


def _find_study(options: argparse.Namespace, studies: Mapping[str, OpenStudy]) -> OpenStudy:
    if options.recognizer not in studies:
        raise EvaluationError(f"There are drawings for {', '.join(studies)}, not for {options.recognizer!r}.")
    return studies[options.recognizer]


def bench_memory(options: argparse.Namespace) -> None:
    bundle, _ = open_bundle(options)
    if options.data:
        drawings = read_drawings(options.data, bundle)
        if not all(drawings.writers):
            raise EvaluationError("bench-memory needs drawings that name their writers.")
        figures: dict[str, Any] = {"hands": {"these": measure_writers(bundle, drawings)}}
    elif options.cache:
        figures = run_memory_bench(options.data_dir, options.cache, bundle)
    else:
        raise EvaluationError("Give a folder for the bases with --cache, or drawings with --data.")
    print_result(options, figures, memory_text(figures))


def bench_filters(options: argparse.Namespace) -> None:
    figures = run_filters_bench(options.data_dir, epochs=options.epochs, limit=options.limit)
    tests = list(figures["filters"])
    rows = [(title, *(f"{figures[method][title]:.2%}" for method in figures)) for title in tests]
    print_result(options, figures, text_tables.table(("test drawings", *figures), rows))


def bench_across(options: argparse.Namespace) -> None:
    if options.fit:
        save_numbers(fit_shipped(MODELS))
        shipped_numbers.cache_clear()
    found = run_across_bench(MODELS, shipped_numbers())
    print_result(options, found, across_text(found))


def bench_symbols(options: argparse.Namespace) -> None:
    figures = run_symbols_bench(options.bundle, options.data_dir)
    print_result(options, figures, text_tables.shares_text("right answers", figures))
