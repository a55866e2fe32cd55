"""Personal memory: adjust answers to a person by the drawings that they confirmed or corrected.

A remembered drawing votes for its label with a weight that falls with the distance of the embeddings: exp((cos - 1) /
width), the affinity of a key-value cache over a frozen network (Tip-Adapter, Zhang et al. 2022). The votes are added
to the network's probabilities. Our additions:

- Only the five nearest drawings vote, and none beyond a distance. Otherwise hundreds of far drawings add up, and a
  scribble that the network does not recognise becomes a sure seven. For labels that the network was not trained on,
  the distance is larger, because its embeddings separate them less well.
- A statement (a confirmation or correction) is believed as far as the network finds the label possible, or the
  person's other drawings near it agree. One wrong tap must not change the answers to clear drawings for good. But a
  fresh statement is believed, and a second one like it as well: after a correction, the next such drawing is right.
- Near statements that contradict each other weaken each other.
- Somebody who confirms everything gives no information. Confirmations overrule the network only if the person also
  corrected it, about as often as the network itself expects to be wrong.

The constants were tuned on ten pen writers; `ml.benchmarks.memory` measures them on others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_DRAWINGS = 500  # remembered for one person and recognizer; the newest stay
MAX_DRAWINGS_PER_LABEL = 50
MAX_NAMED = 3  # remembered drawings that an answer names

# Votes. The whole answer of the network has the weight 1.
WEIGHT = 4.0  # of a remembered drawing at distance 0
WIDTH = 0.08  # in cosine distance: at this distance a vote has e^-1 of its weight
MIN_COSINE = 0.85  # one person's drawings of a label are mostly nearer (median 0.95), those of other labels are not
NEW_WIDTH = 0.1  # more width for a label that the network does not know, where it doubts both drawings fully
NEW_REACH = 0.25  # and so much further than MIN_COSINE
NEAREST = 5  # drawings that vote
SAME_WIDTH = 0.001  # in cosine distance, within which it is the same drawing again: its statement counts in full,
SAME_SHARE = 0.9  # and takes this share of all other votes
MIN_VOTES = 0.05  # with less in total, the network's answer stays as it is

# Belief in a statement, from 0 to 1
POSSIBLE = 0.003  # a label with this probability is half believed at once
POSSIBLE_OF_DOUBT = 0.03  # this part of what the network leaves open makes any label possible
UNSUPPORTED = 0.1  # belief in a statement that nothing supports: too little to make a sure network unsure
FRESH = 0.7  # more belief in the newest statement,
FADING = 0.7  # and this part of it for each statement that follows
DEMOTION = 2.0  # each other unsupported statement of the person makes all of them less believable


class PersonalMemory(NamedTuple):
    """The remembered drawings of one person, n of them, oldest first."""

    directions: np.ndarray
    """float32 (n, width): the embeddings as unit vectors."""
    labels: np.ndarray
    """int64 (n,): the labels that the person gave, as outputs of the network."""
    belief: np.ndarray
    """float32 (n,): from 0 to 1, how far each statement is believed."""
    confirms: np.ndarray
    """bool (n,): whether the person confirmed the network's first guess."""
    doubt: np.ndarray
    """float32 (n,): 1 minus the probability of the first guess; 0 for labels that the network knows."""
    attention: float
    """From 0 to 1: how far confirmations may overrule the network."""
    outputs: int


class AdjustedAnswer(NamedTuple):
    """The answer that the person gets."""

    probabilities: np.ndarray
    """float32 (labels,); the sum is at most 1, the rest is "other"."""
    used: bool
    """Whether a remembered drawing was near enough; if not, the probabilities are the network's."""
    because: np.ndarray
    """int64 (k,), k at most 3: rows of the remembered drawings that voted for the first guess, or if none did, of those
    that voted against it; the strongest first."""


def pack_answer(embedding: np.ndarray, probabilities: np.ndarray) -> bytes:
    """Return the network's answer to one drawing, (width,) and (labels,), as 16-bit floats for storage."""
    return np.concatenate([embedding, probabilities]).astype("<f2").tobytes()


def unpack_answer(packed: bytes, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what `pack_answer` was given by a network with `outputs` labels: float32 (width,) and (labels,)."""
    row = np.frombuffer(packed, "<f2").astype(np.float32)
    return row[:-outputs], row[-outputs:]


def build_memory(
    packed: Sequence[bytes], labels: Sequence[int], outputs: int, *, new_labels: int = 0
) -> PersonalMemory:
    """Return a memory of drawings as `pack_answer` stored them, oldest first.

    `labels` are the person's, as outputs of the network, which has `outputs` of them besides "other". The last
    `new_labels` of them are labels that the network does not know: their probabilities are 0, and statements about
    them are always believed. Raises ValueError if the packed rows differ in length.
    """
    said = np.asarray(labels, np.int64)  # (n,)
    if not packed:
        none = np.zeros(0, np.float32)
        return PersonalMemory(np.zeros((0, 1), np.float32), said, none, np.zeros(0, bool), none, 0.0, outputs)
    rows = np.frombuffer(b"".join(packed), "<f2").reshape(len(packed), -1).astype(np.float32)  # (n, width + labels)
    directions, plain = rows[:, :-outputs], rows[:, -outputs:]  # (n, width), (n, labels)
    directions = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    confirms, left_open, new = plain.argmax(axis=1) == said, 1 - plain.max(axis=1), said >= outputs - new_labels
    doubt = np.where(new, left_open, 0)
    near = _affinity(directions @ directions.T, np.outer(doubt, doubt))  # (n, n)
    belief = np.where(new, 1, _belief(near, plain, said, confirms))
    # The corrections that the person made, as a share of those that the network expects of itself.
    attention = min(1.0, float((~confirms).sum()) / max(float(left_open.sum()), 1e-9))
    return PersonalMemory(directions, said, belief, confirms, doubt, attention, outputs)


def adjust_answer(memory: PersonalMemory, probabilities: np.ndarray, embedding: np.ndarray) -> AdjustedAnswer:
    """Return the network's answer to a drawing, adjusted by the remembered drawings near it.

    `probabilities` is float (labels,), `embedding` float (width,).
    """
    unchanged = AdjustedAnswer(probabilities, False, np.zeros(0, np.int64))
    if not len(memory.labels):
        return unchanged
    first = int(probabilities.argmax())
    votes, rows, network_share = _votes(memory, embedding, 1 - float(probabilities[first]))
    labels = memory.labels[rows].tolist()
    for number, label in enumerate(labels):
        if label != first and memory.confirms[rows[number]]:  # a confirmation that overrules the network
            votes[number] *= memory.attention
    total = sum(votes)
    if total < MIN_VOTES:
        return unchanged
    personal = network_share * probabilities
    for vote, label in zip(votes, labels, strict=True):
        personal[label] += vote
    chosen = int(personal.argmax())
    counted = [number for number, vote in enumerate(votes) if vote >= MIN_VOTES / NEAREST]
    named = [number for number in counted if labels[number] == chosen] or counted
    adjusted = (personal / (network_share + total)).astype(np.float32)
    return AdjustedAnswer(adjusted, True, rows[named[:MAX_NAMED]])


def _votes(memory: PersonalMemory, embedding: np.ndarray, doubt: float) -> tuple[list[float], np.ndarray, float]:
    """The votes of the nearest remembered drawings, strongest first, their rows, and the network's share.

    If one of them is the same drawing again, the network and merely similar drawings count little.
    """
    cosines = memory.directions @ (embedding / max(math.sqrt(embedding @ embedding), 1e-9))  # (n,)
    rows = (cosines > MIN_COSINE - NEW_REACH * doubt).nonzero()[0]
    cosines = cosines[rows]
    same = np.exp((cosines - 1) / SAME_WIDTH)
    network_share = 1 - min(float(same.max(initial=0)), SAME_SHARE)
    near = np.maximum(network_share * _affinity(cosines, doubt * memory.doubt[rows]) * memory.belief[rows], same)
    strongest = (-near).argsort(kind="stable")[:NEAREST]
    return (WEIGHT * near[strongest]).tolist(), rows[strongest], network_share


def _affinity(cosines: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """From 0 to 1 for each pair; `doubt` is the product of the doubts about both drawings."""
    return np.exp((cosines - 1) / (WIDTH + NEW_WIDTH * doubt)) * (cosines > MIN_COSINE - NEW_REACH * doubt)


def _belief(near: np.ndarray, plain: np.ndarray, said: np.ndarray, confirms: np.ndarray) -> np.ndarray:
    """How far each of n statements is believed, float32 (n,); `near` (n, n) are affinities, `plain` is (n, labels)."""
    agree = (near * (said[:, np.newaxis] == said)).sum(axis=1)
    # Affinities to the other drawings with the same label (a drawing's own is 1), and to those with another one.
    agree, contradict = agree - 1, near.sum(axis=1) - agree
    possible = plain[np.arange(len(said)), said] + POSSIBLE_OF_DOUBT * (1 - plain.max(axis=1))
    support = np.maximum(possible / POSSIBLE + agree, 0)
    unlikely = np.where(confirms, 0, 1 / (1 + support))
    given = UNSUPPORTED + FRESH * FADING ** np.arange(len(said))[::-1]  # belief in advance; the newest is the last
    given /= 1 + DEMOTION * (unlikely.sum() - unlikely)
    return np.minimum((given + support) / (1 + support + contradict), 1).astype(np.float32)
