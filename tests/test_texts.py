"""Every text in a template is marked for translation."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = {"Inkling", "GitHub", "Redis"}  # proper names and nothing else

MARKED = re.compile(
    r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}|{%\s*comment\b.*?{%\s*endcomment\s*%}"
    r"|{% block \w+_class %}.*?{% endblock %}",
    re.DOTALL,
)
CODE = re.compile(r"<(script|style|svg)\b.*?</\1>", re.DOTALL)
TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|alt|title|placeholder|data-text-[\w-]+)="([^"]*)"')
HTML = re.compile(r"<[^>]*>", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2,}")


def unmarked(source: str) -> list[str]:
    """The words of a template that are not marked for translation."""
    source = TAGS.sub(" ", MARKED.sub(" ", source))
    spoken = " ".join(SPOKEN.findall(source))
    text = HTML.sub(" ", CODE.sub(" ", source)).replace("&nbsp;", " ")
    text = re.sub(r"&\w+;", " ", text)
    return [word for word in LETTERS.findall(f"{text} {spoken}") if word not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_text_of_a_template_is_marked(path: Path) -> None:
    assert unmarked(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Draw</p>", ["Draw"]),
        ('<p>{% translate "Draw" %} · {{ label }}</p>', []),
        ('<img alt="A seven">', ["seven"]),
        ("{% blocktranslate %}Draw <b>this</b>{% endblocktranslate %}", []),
        ('<a href="/drawings/" class="quiet">7</a>', []),
    ],
)
def test_unmarked_words_are_found(source: str, words: list[str]) -> None:
    assert unmarked(source) == words
