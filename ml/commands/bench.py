"""`python -m ml bench`, `bench-learning`, `bench-memory` and `bench-filters`: reproduce the measured figures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ml.benchmarks.filters import EPOCHS, run_filters_bench
from ml.benchmarks.latency import run_bench
from ml.benchmarks.learning import learning_text, run_learning_bench
from ml.benchmarks.memory import measure_writers, memory_text, run_memory_bench
from ml.bundles.bundle import load_bundle, verify_bundle
from ml.commands.options import DATA_HELP, add_command, folder_of, open_bundle, print_result, read_drawings
from ml.data.labelled_files import EvaluationError
from ml.reporting import text_tables
from ml.training.finetune import FULL, HEAD

BENCH = "Measure the time of each stage of an answer, and the memory of a process that answers."
LEARNING = "Measure what a base trained on MNIST only learns from approved drawings, and from wrong labels (minutes)."
MEMORY = "Measure the effect of a personal memory, on writers it was not tuned on (trains two bases once: minutes)."
FILTERS = "Compare the image filters of a known demo with our normaliser, with one network, on Bangla digits (minutes)."


def add(commands: Any) -> None:
    parser = add_command(commands, "bench", bench, BENCH, "recognizer", "--bundle", "--json")
    parser.add_argument("--calls", type=int, default=1_000, metavar="N", help="calls of each stage (default: 1000)")

    parser = add_command(commands, "bench-learning", bench_learning, LEARNING, "recognizer", "--data-dir", "--json")
    parser.add_argument(
        "--cache", type=Path, required=True, metavar="DIR", help="folder of the trained base, made if missing"
    )
    parser.add_argument("--mode", choices=(FULL, HEAD), action="append", help="may be repeated (default: both)")
    parser.add_argument(
        "--poisonings", type=int, default=3, metavar="N", help="tries with wrong labels, per mode (default: 3)"
    )
    parser.add_argument("--alone", type=int, default=3, metavar="N", help="people with their own site (default: 3)")

    shared = ("recognizer", "--bundle", "--data-dir", "--json")
    parser = add_command(commands, "bench-memory", bench_memory, MEMORY, *shared)
    parser.add_argument("--cache", type=Path, metavar="DIR", help="folder of the trained bases, made if missing")
    parser.add_argument(
        "--data", type=Path, nargs="+", metavar="FILE", help=f"only the writers of these, with the bundle; {DATA_HELP}"
    )

    parser = add_command(commands, "bench-filters", bench_filters, FILTERS, "--data-dir", "--json")
    parser.add_argument("--epochs", type=int, default=EPOCHS, metavar="N", help=f"default: {EPOCHS}, as in the demo")
    parser.add_argument("--limit", type=int, metavar="N", help="drawings of each part (default: all)")


def bench(options: argparse.Namespace) -> None:
    folder = folder_of(options)
    verify_bundle(load_bundle(folder))  # reports what is wrong with a bundle before anything is timed
    figures = run_bench(folder, calls=options.calls)
    rows = [(name, f"{line['median_ms']:.3f}", f"{line['p95_ms']:.3f}") for name, line in figures["stages"].items()]
    stages = text_tables.table(("stage", "median ms", "95 % ms"), rows)
    memory = text_tables.table(("a process without TensorFlow", "MB"), list(figures["memory_mb"].items()))
    print_result(options, figures, f"{stages}\n\n{memory}")


def bench_learning(options: argparse.Namespace) -> None:
    figures = run_learning_bench(
        options.data_dir,
        options.cache,
        modes=options.mode or [HEAD, FULL],
        poisonings=options.poisonings,
        alone=options.alone,
        report=lambda progress: None,
    )
    print_result(options, figures, learning_text(figures))


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
