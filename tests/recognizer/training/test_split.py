"""The split into study and exam: by author if there are enough, and never with drawings that the champion knows."""

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.training.split import ApprovedDrawing, newest_per_author_and_label, split_drawings


def rows(*counts: int, labels: int = 10) -> list[ApprovedDrawing]:
    """So many drawings of each author, numbered through."""
    made: list[ApprovedDrawing] = []
    for author, count in enumerate(counts, 1):
        for number in range(count):
            drawing = len(made) + 1
            label = number % labels
            made.append(ApprovedDrawing(drawing, str(uuid.UUID(int=drawing * 7919)), author, label, str(label)))
    return made


communities = st.lists(st.integers(0, 30), min_size=0, max_size=12).map(lambda counts: rows(*counts))
known = st.sets(st.integers(1, 360))


Rows = list[ApprovedDrawing]


@given(communities, known)
def test_every_drawing_is_in_one_part(some: Rows, studied: set[int]) -> None:
    split = split_drawings(some, studied)
    assert sorted(split.study + split.exam) == sorted(some)
    assert not set(split.study) & set(split.exam)


@given(communities, known)
def test_in_a_split_by_author_no_author_is_in_both_parts(some: Rows, studied: set[int]) -> None:
    split = split_drawings(some, studied)
    if split.by_author:
        assert not {row.author for row in split.study} & {row.author for row in split.exam}


@given(communities, known)
def test_drawings_that_the_champion_was_trained_on_are_never_in_the_exam(some: Rows, studied: set[int]) -> None:
    split = split_drawings(some, studied)
    assert not studied & {row.drawing for row in split.exam}
    if split.by_author:
        trained = {row.author for row in some if row.drawing in studied}
        assert not trained & {row.author for row in split.exam}


@given(communities, known, st.randoms())
def test_the_order_of_the_drawings_does_not_matter(some: Rows, studied: set[int], shuffler: random.Random) -> None:
    shuffled = list(some)
    shuffler.shuffle(shuffled)
    assert split_drawings(some, studied).digest == split_drawings(shuffled, studied).digest


@given(communities)
def test_most_drawings_are_studied(some: list[ApprovedDrawing]) -> None:
    split = split_drawings(some, set())
    assert len(split.exam) <= len(some) / 2


@given(communities.filter(lambda some: len(some) >= 10))
def test_ten_drawings_are_enough_for_an_exam(some: list[ApprovedDrawing]) -> None:
    assert len(split_drawings(some, set()).exam) >= 5


@pytest.mark.parametrize("people", range(1, 5))
def test_with_few_people_the_split_is_by_drawing_and_says_how_many(people: int) -> None:
    split = split_drawings(rows(*[30] * people), set())
    assert not split.by_author
    assert str(people) in split.why


def test_with_five_people_the_split_is_by_author() -> None:
    split = split_drawings(rows(*[12] * 5), set())
    assert split.by_author
    assert split.why


def test_about_a_fifth_is_held_back() -> None:
    by_author, by_drawing = split_drawings(rows(*[5] * 200), set()), split_drawings(rows(1000), set())
    for split in (by_author, by_drawing):
        assert 0.15 < len(split.exam) / 1000 < 0.25


def test_an_author_of_most_drawings_is_not_in_the_exam() -> None:
    for place in range(5):
        counts = [3] * 5
        counts[place] = 60
        split = split_drawings(rows(*counts), set())
        assert place + 1 in {row.author for row in split.study}


def test_authors_of_the_exam_stay_the_same_when_others_join() -> None:
    small = split_drawings(rows(*[20] * 30), set())
    large = split_drawings(rows(*[20] * 60), set())
    first = {row.author for row in small.exam}
    assert small.by_author
    assert first == {row.author for row in large.exam if row.author <= 30}


def test_the_exam_of_a_growing_community_has_only_authors_unknown_to_the_champion() -> None:
    """Version 2 was trained on one person's drawings; then four others join."""
    grown = rows(30, 10, 10, 10, 10)
    split = split_drawings(grown, {row.drawing for row in grown if row.author == 1})
    assert split.by_author
    assert 1 not in {row.author for row in split.exam}
    assert len(split.exam) >= 5


def test_if_the_champion_knows_every_author_the_split_is_by_drawing() -> None:
    some = rows(*[20] * 6)
    trained = {row.drawing for row in some if row.drawing % 20 < 15}
    split = split_drawings(some, trained)
    assert not split.by_author
    assert split.why
    assert len(split.exam) >= 5


def test_the_newest_drawings_of_an_author_and_label_are_taken() -> None:
    kept = newest_per_author_and_label(rows(30, 30, labels=3), 4)
    assert len(kept) == 2 * 3 * 4
    assert [row.drawing for row in kept if row.author == 1] == list(range(19, 31))


def test_the_digest_says_drawing_label_and_part() -> None:
    some = rows(40)
    before = split_drawings(some, set())
    relabelled = [some[0]._replace(slug="9"), *some[1:]]
    assert split_drawings(relabelled, set()).digest != before.digest
    assert split_drawings(some[1:], set()).digest != before.digest
    assert len(before.digest) == 64


def test_the_record_counts_what_it_holds() -> None:
    record = split_drawings(rows(*[10] * 8), set()).record()
    assert record["study"] + record["exam"] == 80
    assert record["study_authors"] + record["exam_authors"] == record["authors"] == 8
    assert record["labels"] == {str(label): 8 for label in range(10)}
    assert record["seed"] == int(record["digest"][:8], 16)


def test_no_drawings_give_an_empty_split() -> None:
    split = split_drawings([], set())
    assert (split.study, split.exam, split.by_author) == ([], [], False)
