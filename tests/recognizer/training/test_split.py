"""What is studied and what is examined on: by hand where there are enough people, and never what the champion knows."""

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
    choice = split_drawings(some, studied)
    assert sorted(choice.study + choice.exam) == sorted(some)
    assert not set(choice.study) & set(choice.exam)


@given(communities, known)
def test_a_hand_is_never_in_both_parts_where_the_split_is_by_author(some: Rows, studied: set[int]) -> None:
    choice = split_drawings(some, studied)
    if choice.by_author:
        assert not {row.author for row in choice.study} & {row.author for row in choice.exam}


@given(communities, known)
def test_what_taught_the_champion_is_never_examined_on(some: Rows, studied: set[int]) -> None:
    choice = split_drawings(some, studied)
    assert not studied & {row.drawing for row in choice.exam}
    if choice.by_author:
        taught = {row.author for row in some if row.drawing in studied}
        assert not taught & {row.author for row in choice.exam}


@given(communities, known, st.randoms())
def test_the_choice_depends_on_the_drawings_alone(some: Rows, studied: set[int], chance: random.Random) -> None:
    shuffled = list(some)
    chance.shuffle(shuffled)
    assert split_drawings(some, studied).digest == split_drawings(shuffled, studied).digest


@given(communities)
def test_most_drawings_are_studied(some: list[ApprovedDrawing]) -> None:
    choice = split_drawings(some, set())
    assert len(choice.exam) <= len(some) / 2


@given(communities.filter(lambda some: len(some) >= 10))
def test_ten_drawings_are_enough_for_an_exam(some: list[ApprovedDrawing]) -> None:
    assert len(split_drawings(some, set()).exam) >= 5


@pytest.mark.parametrize("people", range(1, 5))
def test_few_people_are_split_by_drawing_and_it_says_so(people: int) -> None:
    choice = split_drawings(rows(*[30] * people), set())
    assert not choice.by_author
    assert "weaker evidence" in choice.why
    assert f"{people} p" in choice.why


def test_five_people_are_split_by_hand() -> None:
    choice = split_drawings(rows(*[12] * 5), set())
    assert choice.by_author
    assert "no hand is in both" in choice.why


def test_about_a_fifth_is_held_back() -> None:
    by_author, by_drawing = split_drawings(rows(*[5] * 200), set()), split_drawings(rows(1000), set())
    for choice in (by_author, by_drawing):
        assert 0.15 < len(choice.exam) / 1000 < 0.25


def test_somebody_who_drew_most_is_studied() -> None:
    for place in range(5):
        counts = [3] * 5
        counts[place] = 60
        choice = split_drawings(rows(*counts), set())
        assert place + 1 in {row.author for row in choice.study}


def test_who_is_examined_stays_so_when_others_come() -> None:
    small = split_drawings(rows(*[20] * 30), set())
    large = split_drawings(rows(*[20] * 60), set())
    first = {row.author for row in small.exam}
    assert small.by_author
    assert first == {row.author for row in large.exam if row.author <= 30}


def test_a_community_that_grows_is_examined_on_hands_that_the_champion_does_not_know() -> None:
    """One person taught version 2; then four others come."""
    grown = rows(30, 10, 10, 10, 10)
    choice = split_drawings(grown, {row.drawing for row in grown if row.author == 1})
    assert choice.by_author
    assert 1 not in {row.author for row in choice.exam}
    assert len(choice.exam) >= 5


def test_where_the_champion_knows_everybody_drawings_are_split() -> None:
    some = rows(*[20] * 6)
    taught = {row.drawing for row in some if row.drawing % 20 < 15}
    choice = split_drawings(some, taught)
    assert not choice.by_author
    assert "whom the version does not know" in choice.why
    assert len(choice.exam) >= 5


def test_the_newest_of_one_author_and_label_count() -> None:
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


def test_nothing_gives_an_empty_choice() -> None:
    choice = split_drawings([], set())
    assert (choice.study, choice.exam, choice.by_author) == ([], [], False)
