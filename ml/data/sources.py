"""The data sets: who made them, their licences, and their files."""

from __future__ import annotations

from dataclasses import dataclass, field

SKETCH_WORDS = (
    "airplane", "alarm clock", "apple", "arm", "banana", "bicycle", "bird", "book", "bowtie", "cat", "clock",
    "diamond", "dog", "ear", "eye", "face", "finger", "fish", "flower", "hand", "house", "leg", "lollipop", "mouth",
    "nose", "pants", "pig", "radio", "rainbow", "tree",
)  # fmt: skip

# The recognizer of sketches can be trained on the strokes of these words alone; of the others it needs the bitmaps.
BITMAPS_OPTIONAL = ("face", "mouth", "pig", "radio")
OTHER_WORDS = "quickdraw/other_words.npz"  # drawings of the 315 words that are not among the thirty
DETEXIFY = "maths/detexify.jsonl.gz"  # drawings of LaTeX commands as strokes
SYMBOLS = "maths/symbols.json"  # what each of these commands is
HASY = "maths/hasyv2.npz"  # pictures of mathematical symbols
TUBERLIN_TEST = "tuberlin/words.npz"  # drawings of 17 of the thirty words that nothing is trained on


TUBERLIN_WORDS = ("arm", "ear", "eye", "face", "hand", "mouth", "nose")
TEST_ONLY_SOURCES = {"bhmsds"}  # data sets that nothing is trained on

_LICENCES = {
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC BY-SA 3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "MIT": "https://opensource.org/license/mit",
    "ODbL 1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
}


@dataclass(frozen=True)
class Source:
    """A data set."""

    title: str
    origin: str
    """Who made it."""
    licence: str
    files: dict[str, str]
    """Paths in the data folder, with the sha256 of their content (of a `.gz`: of the unzipped content). An empty sha256
    is not checked."""
    optional: tuple[str, ...] = field(default=(), kw_only=True)
    """Paths of more files; those that exist are used."""
    by_hand: str = field(default="", kw_only=True)
    """How to get a data set that a program cannot download, or whose publisher does not answer."""
    page: str = field(default="", kw_only=True)
    """The address of its page."""
    size: int = field(default=0, kw_only=True)
    """About how many bytes its files take in the data folder when all of them are there."""

    @property
    def licence_page(self) -> str:
        """The address of the text of its licence; empty if it is not known."""
        name = max((name for name in _LICENCES if self.licence.startswith(name)), key=len, default="")
        return _LICENCES.get(name, "")

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all files in the data folder."""
        return (*self.files, *self.optional)


SOURCES: dict[str, Source] = {
    "mnist": Source(
        "MNIST handwritten digits, with the NIST writer of each (from QMNIST)",
        "LeCun, Cortes, Burges; QMNIST: Yadav, Bottou",
        "CC BY-SA 3.0 (as commonly quoted); QMNIST: BSD",
        {
            "mnist/train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "mnist/train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "mnist/t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "mnist/t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "mnist/writers.npz": "",
        },
        page="https://github.com/facebookresearch/qmnist",
        size=11_400_000,
    ),
    "pendigits": Source(
        "Pen-Based Recognition of Handwritten Digits, original tracks of 30 people",
        "UCI Machine Learning Repository; Alpaydin, Alimoglu",
        "CC BY 4.0",
        {"pendigits/pendigits.jsonl.gz": ""},
        page="https://archive.ics.uci.edu/dataset/81/pen+based+recognition+of+handwritten+digits",
        size=600_000,
    ),
    "omniglot": Source(
        "Omniglot, characters of eight alphabets by 20 people",
        "Lake, Salakhutdinov, Tenenbaum",
        "MIT",
        {"omniglot_small/omniglot_small.npz": ""},
        page="https://github.com/brendenlake/omniglot",
        size=800_000,
    ),
    "quickdraw": Source(
        "Quick, Draw! drawings as simplified strokes",
        "Google",
        "CC BY 4.0",
        {},
        optional=tuple(f"quickdraw/strokes/{word}.jsonl.gz" for word in SKETCH_WORDS),
        page="https://github.com/googlecreativelab/quickdraw-dataset",
        size=20_000_000,
    ),
    "quickdraw-bitmaps": Source(
        "Quick, Draw! drawings as 28x28 pictures",
        "Google",
        "CC BY 4.0",
        {f"quickdraw/bitmaps/{word}.npz": "" for word in SKETCH_WORDS if word not in BITMAPS_OPTIONAL},
        optional=(*(f"quickdraw/bitmaps/{word}.npz" for word in BITMAPS_OPTIONAL), OTHER_WORDS),
        page="https://github.com/googlecreativelab/quickdraw-dataset",
        size=31_000_000,
    ),
    "tuberlin": Source(
        "TU Berlin's sketches of arm, ear, eye, face, hand, mouth and nose",
        "Eitz, Hays, Alexa (2012)",
        "CC BY 4.0",
        {"tuberlin/body_parts.npz": ""},
        by_hand="Fetch sketches_png.zip (500 MB) from https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/, "
        "unpack it, and run: python -m ml data --pack tuberlin FOLDER",
        page="https://cybertron.cg.tu-berlin.de/eitz/projects/classifysketch/",
        size=600_000,
    ),
    "numtadb": Source(
        "NumtaDB, Bangla digits from four collections (a to d)",
        "BengaliAI: Alam, Reasat, Doha, Humayun (2018)",
        "CC BY-SA 4.0",
        {"numtadb28/numtadb28.npz": ""},
        by_hand="Fetch it from https://www.kaggle.com/datasets/BengaliAI/numta (Kaggle asks for an account), "
        "unpack it, and run: python -m ml data --pack numtadb FOLDER",
        page="https://www.kaggle.com/datasets/BengaliAI/numta",
        size=3_500_000,
    ),
    "emnist": Source(
        "EMNIST, letters from forms (the test part of the set ByClass)",
        "Cohen, Afshar, Tapson, van Schaik (2017), from NIST Special Database 19",
        "Public domain (as commonly stated)",
        {"letters/emnist.npz": ""},
        by_hand="Fetch gzip.zip (560 MB) from https://www.nist.gov/itl/products-and-services/emnist-dataset, unpack "
        "it, and run: python -m ml data --pack emnist FOLDER",
        page="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        size=15_000_000,
    ),
    "bhmsds": Source(
        "Digits on paper, photographed (for checking only)",
        "wblachowski/bhmsds",
        "MIT",
        {"bhmsds/digits.npz": ""},
        by_hand="Clone https://github.com/wblachowski/bhmsds and run: python -m ml data --pack bhmsds FOLDER",
        page="https://github.com/wblachowski/bhmsds",
        size=1_900_000,
    ),
    "detexify": Source(
        "Detexify, LaTeX symbols drawn on a web page, as strokes",
        "Kirsch (kirel/detexify-data)",
        "ODbL 1.0",
        {DETEXIFY: "", SYMBOLS: ""},
        by_hand="Fetch detexify.sql.gz and symbols.json from https://github.com/kirel/detexify-data into a folder, "
        "and run: python -m ml data --pack detexify FOLDER",
        page="https://github.com/kirel/detexify-data",
        size=13_700_000,
    ),
    "hasy": Source(
        "HASYv2, pictures of symbols that were drawn on web pages, most of them on Detexify's",
        "Thoma (2017)",
        "ODbL 1.0",
        {HASY: ""},
        page="https://doi.org/10.5281/zenodo.259444",
        size=6_900_000,
    ),
}
