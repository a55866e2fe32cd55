"""Merge LaTeX commands that a drawing cannot tell apart into groups. Each group becomes one label.

Commands are merged if their glyphs have one shape (`ml.symbols.shapes`) or if they stand for one Unicode character.
ONE_SHAPE adds pairs whose glyphs differ only in serifs or in the proportions of two sizes: they were seen on the sheets
of glyphs too. Nothing here was chosen by drawings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ml.symbols.characters import character_of
from ml.symbols.shapes import join_groups
from ml.symbols.typeset import Symbol

ONE_SHAPE = (
    (r"\sum", r"\Sigma"), (r"\prod", r"\Pi"), (r"\coprod", r"\amalg"), (r"\bigcap", r"\cap"), (r"\bigcup", r"\cup"),
    (r"\bigvee", r"\vee"), (r"\bigwedge", r"\wedge"), (r"\biguplus", r"\uplus"), (r"\bigsqcup", r"\sqcup"),
    (r"\bigsqcap", r"\sqcap"), (r"\textlptr", r"\textless"), (r"\textrptr", r"\textgreater"),
    (r"\quotedblbase", r"\textquotedblright"),
)  # fmt: skip


def group_symbols(symbols: Sequence[Symbol], same_shape: np.ndarray) -> list[list[int]]:
    """The groups of symbols, as indices. `same_shape` is bool (n, n)."""
    characters = [character_of(symbol) for symbol in symbols]
    pairs = [(int(one), int(other)) for one, other in np.argwhere(np.triu(same_shape, 1))]
    for one, other in combinations(range(len(symbols)), 2):
        commands = (symbols[one].command, symbols[other].command)
        has_one_character = bool(characters[one]) and characters[one] == characters[other]
        if has_one_character or commands in ONE_SHAPE or commands[::-1] in ONE_SHAPE:
            pairs.append((one, other))
    return join_groups(len(symbols), pairs)
