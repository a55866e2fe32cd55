"""Static files: hashed names that lead somewhere, and colours that can be read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from recognizer.models import Tone

STATIC = Path(__file__).resolve().parents[2] / "static"
IMPORT = re.compile(r"""(?:import|from)\s*\(?\s*["']([^"']+)["']""")


@pytest.fixture
def hashed(settings: Any, tmp_path: Path) -> Any:
    """Our static files as production has them."""
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "config.storage.ModuleStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    call_command("collectstatic", "--noinput", verbosity=0)
    return staticfiles_storage


def test_every_import_of_every_module_leads_to_a_hashed_file(hashed: Any, tmp_path: Path) -> None:
    followed = 0
    for source in STATIC.glob("js/**/*.js"):
        module = tmp_path / hashed.stored_name(str(source.relative_to(STATIC)))
        for target in IMPORT.findall(module.read_text()):
            assert re.search(r"\.[0-9a-f]{12}\.js$", target), f"{source.name} imports {target}"
            assert (module.parent / target).is_file(), f"{source.name} imports {target}, which is not there"
            followed += 1
    assert followed > 20


def test_every_module_is_used() -> None:
    sources = set(STATIC.glob("js/**/*.js"))
    used = {STATIC / name for name in re.findall(r"js/[\w/]+\.js", _templates())}
    used |= {(source.parent / target).resolve() for source in sources for target in IMPORT.findall(source.read_text())}
    assert sources <= used


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons" / "icons.svg").read_text()))
    assert set(re.findall(r"icons\.svg' %}#(\w+)", _templates())) <= drawn


def _templates() -> str:
    return "".join(page.read_text() for page in (STATIC.parent / "templates").rglob("*.html"))


def test_styles_have_no_gradients_and_load_nothing_from_elsewhere() -> None:
    for sheet in STATIC.glob("css/*.css"):
        css = sheet.read_text()
        assert "gradient(" not in css, sheet.name
        assert not re.search(r"url\(|@import|https?:", css), sheet.name


TEXT, PART = 4.5, 3.0  # WCAG AA: for text, and for what one must see to use the page
PAIRS = [
    *[(ink, paper, TEXT) for ink in ("ink", "muted", "accent", "amber") for paper in ("paper", "sheet", "shade")],
    ("accent", "accent-wash", TEXT),
    ("ink", "accent-wash", TEXT),
    ("amber", "amber-wash", TEXT),
    ("ink", "amber-wash", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("paper", "ink", TEXT),
    ("edge", "paper", PART),
    ("edge", "sheet", PART),
    ("amber-line", "shade", 2.0),  # a bar whose number stands beside it
    *[(tone, paper, TEXT) for tone in Tone.values for paper in ("paper", "sheet")],
    *[(tone, "shade", PART) for tone in Tone.values],
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_palette_can_be_read(theme: int) -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    colours = {name: pair[theme] for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", css)}
    for ink, paper, least in PAIRS:
        assert _contrast(colours[ink], colours[paper]) >= least, f"{ink} on {paper}"


def test_each_tone_of_a_label_has_a_class() -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    assert set(re.findall(r"\.tone-(\w+) \{\n  --tone: var\(--\1\);", css)) == set(Tone.values)
    assert len(Tone.values) == 12


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
