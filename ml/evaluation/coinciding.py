"""Labels of different recognizers that have the same shape: a circle, an O and a zero.

Whoever draws a circle without saying what it is gets a right answer from any of them. The groups were written down from
the glyphs, before any recognizer was measured with them; only 2 and ২ were added later, after a look at the drawings
that numbers are fitted on (`ml.evaluation.across`). A label may be in several groups; labels of recognizers that are
not installed are ignored. Bundles name further ones (`looks_like`, see `ml.bundles.labels`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations

from ml.bundles.bundle import Bundle

Label = tuple[str, str]
"""Slug of the recognizer, slug of the label."""

_DIGITS = (
    "digits/0 bangla-digits/0 letters/o shapes/circle shapes/ellipse maths/circ",
    "digits/1 letters/i letters/l shapes/line maths/vertical-bar maths/textonesuperior maths/imath maths/iota",
    "digits/2 bangla-digits/2 letters/z maths/texttwosuperior",
    "digits/1 letters/i letters/l shapes/line maths/slash maths/diagup",
    "digits/3 letters/z maths/textyogh maths/textthreesuperior maths/textrevepsilon",
    "digits/5 letters/s",
    "digits/6 letters/lower-b bangla-digits/6",
    "digits/6 letters/lower-b maths/flat maths/textsoftsign",
    "digits/8 letters/upper-b bangla-digits/4",
    "digits/9 letters/lower-g letters/lower-q bangla-digits/7 maths/textg maths/textscriptg",
)

_LETTERS = (
    "letters/upper-a maths/textsca maths/capital-lambda",
    "letters/lower-a maths/alpha maths/textscripta maths/propto",
    "letters/upper-b maths/beta maths/ss maths/textscb",
    "letters/c maths/subset maths/complement",
    "letters/lower-d maths/delta maths/partial",
    "letters/upper-e maths/textsce maths/epsilon maths/varepsilon maths/textepsilon maths/in",
    "letters/lower-e maths/textestimated",
    "letters/upper-f maths/digamma",
    "letters/lower-f maths/textflorin maths/textesh maths/int",
    "letters/upper-g maths/textscg",
    "letters/lower-g maths/textg maths/textscriptg",
    "letters/upper-h maths/textsch",
    "letters/i maths/iota maths/imath maths/textsci maths/textiota shapes/line maths/vertical-bar",
    "letters/j maths/jmath maths/textscj",
    "letters/k maths/kappa maths/varkappa",
    "letters/l maths/ell maths/vertical-bar shapes/line",
    "letters/l maths/lfloor maths/llcorner maths/textscl",
    "letters/lower-n maths/eta maths/cap",
    "letters/upper-n maths/textscn",
    "letters/o shapes/circle shapes/ellipse maths/circ",
    "letters/p maths/rho maths/varrho maths/textwynn",
    "letters/upper-r maths/textscr",
    "letters/lower-r maths/capital-gamma maths/ulcorner maths/textfishhookr",
    "letters/s maths/int maths/textesh",
    "letters/s shapes/squiggle",
    "letters/upper-t maths/top maths/tau",
    "letters/lower-t maths/dag maths/capital-cross shapes/cross",
    "letters/u maths/cup maths/upsilon maths/textscu maths/mu",
    "letters/v maths/vee maths/nu maths/textscriptv",
    "letters/w maths/omega maths/textturnm",
    "letters/w shapes/zigzag",
    "letters/x maths/times maths/chi shapes/cross",
    "letters/y maths/gamma maths/textgamma maths/textscy maths/capital-upsilon",
)

_FIGURES = (
    "shapes/square shapes/rectangle maths/square maths/blacksquare",
    "shapes/triangle maths/triangle maths/triangleleft maths/triangleright maths/nabla maths/wedge",
    "shapes/triangle maths/blacktriangle maths/blacktriangledown maths/blacktriangleleft maths/blacktriangleright",
    "shapes/diamond sketches/diamond maths/diamond maths/capital-diamond maths/diamondsuit maths/wasylozenge "
    "maths/blacklozenge",
    "shapes/star maths/star",
    "shapes/heart maths/heartsuit",
    "shapes/moon sketches/banana maths/leftmoon maths/rightmoon",
    "shapes/cross maths/times maths/capital-cross maths/dag",
    "shapes/squiggle maths/sim maths/textasciitilde maths/wr",
    "shapes/line maths/line maths/diagup maths/diagdown maths/slash maths/backslash maths/vertical-bar",
    "shapes/arrow maths/rightarrow maths/leftarrow maths/uparrow maths/downarrow maths/longrightarrow "
    "maths/longleftarrow maths/nearrow maths/nwarrow maths/searrow maths/swarrow "
    "maths/nnearrow maths/nnwarrow maths/ssearrow maths/sswarrow maths/leftarrowtriangle maths/rightarrowtriangle "
    "maths/pointer maths/capitals-mvrightarrow",
    "sketches/bowtie maths/bowtie",
    "sketches/clock sketches/alarm-clock maths/clock",
    "sketches/face maths/smiley maths/frownie maths/blacksmiley",
    "sketches/mouth maths/smile maths/frown",
    "sketches/fish maths/alpha maths/propto",
)

# Handwritten capitals are often drawn as the script ones.
_MERGED = "cijklmopsuvwxyz"  # letters with one label for both cases
_SCRIPT = tuple(
    f"letters/{letter if letter in _MERGED else f'upper-{letter}'} maths/script-capital-{letter} "
    f"maths/calligraphic-capital-{letter}"
    for letter in "abcdefghijklmnopqrstuvwxyz"
)


def _label(name: str) -> Label:
    recognizer, _slash, label = name.partition("/")
    return recognizer, label


GROUPS: tuple[frozenset[Label], ...] = tuple(
    frozenset(_label(name) for name in group.split()) for group in chain(_DIGITS, _LETTERS, _FIGURES, _SCRIPT)
)


def same_shapes(bundles: Iterable[Bundle]) -> frozenset[frozenset[Label]]:
    """All pairs of labels of different recognizers that have the same shape, by the groups and by these bundles."""
    pairs = {frozenset(pair) for group in GROUPS for pair in combinations(group, 2)}
    for bundle in bundles:
        for label in bundle.manifest["labels"]:
            own = (bundle.manifest["recognizer"], label["slug"])
            pairs |= {frozenset((own, _label(name))) for name in label.get("looks_like", [])}
    return frozenset(pairs)
