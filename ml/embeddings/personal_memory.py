"""A person's memory: their own confirmed and corrected drawings, which only their own answers look at.

Near a remembered drawing its label is voted for, with a weight that falls off with the distance of
the embeddings: the affinity exp((cos - 1) / width) of key-value caches over a frozen network (as in
Tip-Adapter, Zhang et al. 2022), added to the network's own probabilities. What is ours:

- Only the few nearest count, and nothing beyond a distance. Otherwise hundreds of far drawings
  add up, and a scribble that the network called "none of these" becomes a sure seven. Only for
  labels that the network was never taught it may be further: it has no fine ear for them.
- A statement is believed as far as the network finds it possible, or as the person's other drawings
  near it support it. One slip of the finger must not turn clear drawings over for good; but a fresh
  statement is believed, and so is a second one like it: who corrects and draws again is understood.
- Contradicting statements near each other weaken each other.
- Who confirms everything tells nothing. Confirmations overrule the network only as far as the
  person has also corrected it about as often as the network itself expects to be wrong.

The constants were tuned on ten pen writers; `ml.benchmarks.memory` measures them on others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_DRAWINGS = 500  # remembered drawings of one person and recognizer, at most; the newest stay
MAX_DRAWINGS_PER_LABEL = 50
SHOWN = 3  # remembered drawings that an answer names, at most

WEIGHT = 4.0  # of a remembered drawing at distance 0, the network's whole answer being 1
WIDTH = 0.08  # in cosine distance
FAR = 0.85  # cosine; drawings of one label by one hand are mostly nearer (median 0.95), those of others are not
STRETCH = 0.1  # more width for untaught labels, where the network doubts both drawings altogether
REACH = 0.25  # further than FAR, likewise
NEAREST = 5
SAME = 0.001  # the width within which it is the same drawing again, and what was said counts in full
SETTLED = 0.9  # of everybody else's vote goes to it then
TOO_LITTLE = 0.05  # votes in all below which the network's answer stands as it is

POSSIBLE = 0.003  # a label that the network gives so much is half believed at once
DOUBT = 0.03  # of what the network leaves open, so much makes any label possible
UNLIKELY = 0.1  # belief in a statement that nothing supports: too little to make a sure network unsure
FRESH = 0.7  # more belief in it while it is the newest,
FADING = 0.7  # and so much of that with each statement that follows
DEMOTION = 2.0  # each other such statement of the person makes all of them less believable


class PersonalMemory(NamedTuple):
    """What a person said about n drawings, oldest first."""

    directions: np.ndarray
    """float32 (n, width): the embeddings at unit length."""
    labels: np.ndarray
    """int64 (n,): what the person said, as outputs of the network."""
    belief: np.ndarray
    """float32 (n,): from 0 to 1, how far each statement is believed."""
    confirms: np.ndarray
    """bool (n,): the person said what the network said first."""
    doubt: np.ndarray
    """float32 (n,): what the network left open, 1 less its first guess; 0 for labels that it was taught."""
    attention: float
    """From 0 to 1: how far confirmations may overrule the network."""
    outputs: int


class AdjustedAnswer(NamedTuple):
    """An answer as the person gets it."""

    probabilities: np.ndarray
    """float32 (labels,); the sum is at most 1, the rest is "none of these"."""
    used: bool
    """Whether anything remembered was near enough to count; if not, the probabilities are the network's."""
    because: np.ndarray
    """int64 (k,), k at most 3: the remembered drawings that spoke for the first guess, or if none did, those that
    spoke against it; the strongest first."""


def pack_answer(embedding: np.ndarray, probabilities: np.ndarray) -> bytes:
    """What the network made of one drawing, (width,) and (labels,), as it is kept: 16 bits a number."""
    return np.concatenate([embedding, probabilities]).astype("<f2").tobytes()


def unpack_answer(packed: bytes, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """What `pack` was given, of a network with `outputs` labels: float32 (width,) and (labels,)."""
    row = np.frombuffer(packed, "<f2").astype(np.float32)
    return row[:-outputs], row[-outputs:]


def build_memory(packed: Sequence[bytes], labels: Sequence[int], outputs: int, *, untaught: int = 0) -> PersonalMemory:
    """A memory of what `pack` gave, oldest first.

    `labels` is what the person said of each, as outputs of the network, of which there are `outputs`
    besides "other". The last `untaught` of them are labels that the network does not know: their
    probabilities are 0, and what is said of them is believed. Raises ValueError if the packed rows
    are not of one length.
    """
    said = np.asarray(labels, np.int64)
    if not packed:
        none = np.zeros(0, np.float32)
        return PersonalMemory(np.zeros((0, 1), np.float32), said, none, np.zeros(0, bool), none, 0.0, outputs)
    rows = np.frombuffer(b"".join(packed), "<f2").reshape(len(packed), -1).astype(np.float32)
    directions, plain = _unit(rows[:, :-outputs]), rows[:, -outputs:]
    confirms, left_open, new = plain.argmax(axis=1) == said, 1 - plain.max(axis=1), said >= outputs - untaught
    doubt = np.where(new, left_open, 0)
    near = _affinity(directions @ directions.T, np.outer(doubt, doubt))
    belief = np.where(new, 1, _belief(near, plain, said, confirms))
    return PersonalMemory(directions, said, belief, confirms, doubt, _attention(left_open, confirms), outputs)


def adjust_answer(memory: PersonalMemory, probabilities: np.ndarray, embedding: np.ndarray) -> AdjustedAnswer:
    """The network's answer (labels,) to a drawing with `embedding` (width,), put right by what is remembered."""
    if not len(memory.labels):
        return AdjustedAnswer(probabilities, False, np.zeros(0, np.int64))
    first = int(probabilities.argmax())
    votes, places, own = _votes(memory, embedding, 1 - float(probabilities[first]))
    labels = memory.labels[places].tolist()
    for row, label in enumerate(labels):
        if label != first and memory.confirms[places[row]]:
            votes[row] *= memory.attention
    total = sum(votes)
    if total < TOO_LITTLE:
        return AdjustedAnswer(probabilities, False, np.zeros(0, np.int64))
    personal = own * probabilities
    for vote, label in zip(votes, labels, strict=True):
        personal[label] += vote
    chosen = int(personal.argmax())
    heard = [row for row, vote in enumerate(votes) if vote >= TOO_LITTLE / NEAREST]
    spoke = [row for row in heard if labels[row] == chosen] or heard
    return AdjustedAnswer((personal / (own + total)).astype(np.float32), True, places[spoke[:SHOWN]])


def _votes(memory: PersonalMemory, embedding: np.ndarray, doubt: float) -> tuple[list[float], np.ndarray, float]:
    """What the nearest remembered drawings say, the strongest first; where they are; and the network's own vote.

    Where it is the same drawing again, neither the network nor what only resembles it has a say.
    """
    cosines = memory.directions @ (embedding / max(math.sqrt(embedding @ embedding), 1e-9))
    places = (cosines > FAR - REACH * doubt).nonzero()[0]
    cosines = cosines[places]
    same = np.exp((cosines - 1) / SAME)
    own = 1 - min(float(same.max(initial=0)), SETTLED)
    near = np.maximum(own * _affinity(cosines, doubt * memory.doubt[places]) * memory.belief[places], same)
    strongest = (-near).argsort(kind="stable")[:NEAREST]
    return (WEIGHT * near[strongest]).tolist(), places[strongest], own


def _affinity(cosines: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """From 0 to 1 for each pair; `doubt` is the product of what the network left open of both."""
    return np.exp((cosines - 1) / (WIDTH + STRETCH * doubt)) * (cosines > FAR - REACH * doubt)


def _belief(near: np.ndarray, plain: np.ndarray, said: np.ndarray, confirms: np.ndarray) -> np.ndarray:
    """How far each of n statements is believed, float32 (n,); `near` (n, n) are affinities, `plain` is (n, labels)."""
    agree = (near * (said[:, np.newaxis] == said)).sum(axis=1)
    agree, contradict = agree - 1, near.sum(axis=1) - agree  # of the others; each is nearest to itself
    possible = plain[np.arange(len(said)), said] + DOUBT * (1 - plain.max(axis=1))
    support = np.maximum(possible / POSSIBLE + agree, 0)
    unlikely = np.where(confirms, 0, 1 / (1 + support))
    given = UNLIKELY + FRESH * FADING ** np.arange(len(said))[::-1]
    given /= 1 + DEMOTION * (unlikely.sum() - unlikely)
    return np.minimum((given + support) / (1 + support + contradict), 1).astype(np.float32)


def _attention(doubt: np.ndarray, confirms: np.ndarray) -> float:
    """The corrections that the person made, as a share of those that the network expects of itself; at most 1."""
    return min(1.0, float((~confirms).sum()) / max(float(doubt.sum()), 1e-9))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
