"""Every place shows the same figure as the same percentage."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ml.statistics import floor_percent
from recognizer.templatetags.percent import percent, percentage
from tests.programs import find_program

SCRIPT = """
globalThis.document = { documentElement: { lang: "en" } };
const { percent } = await import("./texts.mjs");
process.stdout.write(JSON.stringify(Array.from({ length: 10_001 }, (_, at) => percent(at / 10_000))));
"""


def test_pages_and_their_scripts_write_every_probability_alike(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "static" / "js" / "shared" / "texts.js", tmp_path / "texts.mjs")
    command = [find_program("node"), "--input-type=module", "--eval", SCRIPT]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [percent(at / 10_000) for at in range(10_001)]


def test_a_probability_with_more_decimals_is_written_as_the_api_rounds_it() -> None:
    assert percent(0.99496) == percent(0.995) == "99.5%"


@pytest.mark.parametrize(
    ("share", "decimals", "shown"), [(0.9996, 1, 99.9), (0.9996, 2, 99.96), (0.29, 0, 29), (1, 1, 100)]
)
def test_measured_shares_are_rounded_down(share: float, decimals: int, shown: float) -> None:
    assert floor_percent(share, decimals) == shown
    assert percentage(share, decimals) == f"{shown:.{decimals}f}%"
