"""Fills a database with the drawings of years: a million drawings of three thousand people, in minutes.

SQL statements repeat a few dozen drawings with different people, predictions, labels and days, and write what the
product derives from them (queue entries, label checks). `check` compares a sample with what the product itself writes;
the summaries are computed by the product. Needs a superuser of PostgreSQL: foreign keys are not checked row by row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from recognizer.insights import counts
from recognizer.models import Correction
from recognizer.registry import promotions

AUTHORS = 3_000
BUSY = 20_000  # drawings of one person, in a million
VERSIONS = 4  # of each recognizer
INKS = 60
ANSWERS = 24  # different predictions for each label
REVIEWERS = 5
NOT_COMPARED = ("usefulness", "oddness")
SAMPLE = 400  # rows that are compared with what the product writes

TRACKS = "create table bench_track (at int primary key, ink jsonb, points int, shape bigint)"
PEOPLE = """
insert into accounts_user (id, password, is_superuser, first_name, last_name, is_staff, is_active, date_joined, email,
  consented_at, revision, set_aside)
select 1000000 + n, '', false, '', '', false, true, now() - interval '400 days', 'author' || n || '@example.org',
  case when n %% 50 = 49 then null else now() end, 0, false
from generate_series(0, %(authors)s - 1) n
"""
LABELS = """
create table bench_label as select l.id as label, l.slug, l.recognizer_id as recognizer,
  row_number() over (order by l.id) - 1 as at, l.position, count(*) over (partition by l.recognizer_id) as of_recognizer
from recognizer_label l join recognizer_recognizer r on r.id = l.recognizer_id
where r.slug in ('digits', 'bangla-digits', 'sketches')
"""
# The first guess is the right label in 22 of 24 predictions, else another one.
GUESSES = """
create table bench_answer as
select l.label, kind, f.label as first, round(least(0.99, 0.55 + kind * 0.02)::numeric, 4)::float as probability,
  kind %% 12 = 0 as unsure, (
    select jsonb_agg(jsonb_build_array(o.slug, case when o.label = f.label then 0.55 + kind * 0.02
      else 0.4 / o.of_recognizer end) order by o.label <> f.label, o.position)
    from bench_label o where o.recognizer = l.recognizer
  ) as guesses
from bench_label l cross join generate_series(0, %(answers)s - 1) kind
join bench_label f on f.recognizer = l.recognizer
  and f.position = case when kind > 1 then l.position else (l.position + kind * 3 + 1) %% l.of_recognizer end
"""
# Each recognizer has every third drawing; the square of a random number makes some authors draw much.
PLAN = """
create unlogged table bench_plan as
select n, c.recognizer, c.label, c.version, c.at,
  1000000 + case when random() < %(busy)s then 0 else 1 + floor(power(random(), 2) * (%(authors)s - 1))::int end
    as author,
  floor(random() * %(answers)s)::int as kind, floor(random() * %(inks)s)::int as ink,
  random() as says, random() as decides, now() - (%(drawings)s - n) * interval '400 days' / %(drawings)s as created
from generate_series(1, %(drawings)s) n
join lateral (
  select v.recognizer_id as recognizer, v.id as version, l.label, l.at from recognizer_modelversion v
  join bench_label l on l.recognizer = v.recognizer_id
    and l.position = (n::bigint * 7919 / 3) %% l.of_recognizer
  where v.recognizer_id = (
    select array_agg(distinct recognizer order by recognizer) from bench_label)[1 + n %% 3]
    and v.number = 1 + n::bigint * %(versions)s / (%(drawings)s + 1)
) c on true
"""
DRAWINGS = """
insert into recognizer_drawing (id, uuid, recognizer_id, author_id, ink, created)
select p.n, gen_random_uuid(), p.recognizer, p.author, t.ink, p.created
from bench_plan p join bench_track t on t.at = p.ink order by p.n
"""
PREDICTIONS = """
insert into recognizer_prediction (id, drawing_id, model_version_id, guesses, label_id, probability, unsure, created)
select p.n, p.n, p.version, a.guesses, a.first, a.probability, a.unsure, p.created
from bench_plan p join bench_answer a on a.label = p.label and a.kind = p.kind order by p.n
"""
PERSONAL = """
insert into recognizer_personalanswer (id, prediction_id, guesses, label_id, probability, unsure, created)
select p.n, p.n, a.guesses, p.label, 0.9, false, p.created
from bench_plan p join bench_answer a on a.label = p.label and a.kind = 8 where p.n %% 33 = 0;
insert into recognizer_reason (answer_id, drawing_id)
select n, n - d from bench_plan cross join generate_series(1, 2) d where n %% 33 = 0 and n > d
"""
# Some authors corrected themselves: their current correction replaces an earlier one.
CORRECTIONS = """
insert into recognizer_correction (id, drawing_id, label_id, replaces_id, created)
select n, n, label, case when says < 0.02 then n + %(drawings)s end, created + interval '5 seconds'
from bench_plan where says < 0.7 order by n;
insert into recognizer_correction (id, drawing_id, label_id, created)
select p.n + %(drawings)s, p.n, a.first, p.created + interval '2 seconds'
from bench_plan p join bench_answer a on a.label = p.label and a.kind = 0 where says < 0.02
"""
REVIEWS = """
insert into recognizer_review (id, correction_id, decision, label_id, reason, by_id, automatic, agreed, created)
select p.n, p.n, case when decides < 0.55 then 'accepted' when decides < 0.575 then 'relabelled' else 'rejected' end,
  case when decides < 0.55 then p.label when decides < 0.575 then a.first end,
  case when decides < 0.575 then '' else 'scribble' end, 2000000 + p.n %% %(reviewers)s, false, 1,
  p.created + interval '1 day'
from bench_plan p join bench_answer a on a.label = p.label and a.kind = 0
where says < 0.7 and decides < 0.6 order by p.n
"""
OPINIONS = """
insert into recognizer_opinion (correction_id, decision, label_id, reason, by_id, shared, created)
select correction_id, decision, label_id, reason, by_id, false, created from recognizer_review order by id
"""
# Use: scarce 1, unsure 2, differs 4, suspicious 8, fresh 16.
PLACES = """
insert into recognizer_place (correction_id, waits, disputed, usefulness, recognizer_id, label_id, author_id,
  version_id, points, shape, oddness)
select p.n, decides >= 0.6, false, case when a.unsure then 2 else 0 end + case when a.first <> p.label then 4 else 0 end
    + case when p.n %% 50 = 0 then 8 else 0 end + case when p.n %% 10 = 0 then 0 else 16 end,
  p.recognizer, p.label, p.author, p.version, t.points, t.shape,
  case when p.n %% 50 = 0 then 1.5 else 0.4 end
from bench_plan p join bench_answer a on a.label = p.label and a.kind = p.kind
join bench_track t on t.at = p.ink where says < 0.7 order by p.n
"""
CHECKS = """
insert into recognizer_labelcheck (drawing_id, correction_id, recognizer_id, label_id, approved, version_id,
  answered_id, judge_id, share, rival_id, rival_share, margin)
select p.n, p.n, p.recognizer, held.label, decides < 0.6, p.version, a.first, p.version,
  s.share, r.rival, r.share, s.share - r.share
from bench_plan p join bench_answer a on a.label = p.label and a.kind = p.kind
join bench_answer wrong on wrong.label = p.label and wrong.kind = 0
cross join lateral (
  select case when decides >= 0.55 and decides < 0.575 then wrong.first else p.label end as label
) held
join bench_share s on s.label = p.label and s.kind = p.kind and s.held = held.label
join bench_rival r on r.label = p.label and r.kind = p.kind and r.held = held.label
where says < 0.7 and (decides < 0.575 or decides >= 0.6) order by p.n
"""
SHARES = """
create table bench_share as select a.label, a.kind, o.label as held, (g.guess ->> 1)::float as share
from bench_answer a cross join lateral jsonb_array_elements(a.guesses) as g(guess)
join bench_label l on l.label = a.label join bench_label o on o.recognizer = l.recognizer and o.slug = g.guess ->> 0;
create table bench_rival as
select distinct on (label, kind, held) label, kind, held, rival, share from (
  select h.label, h.kind, h.held, o.held as rival, o.share from bench_share h
  join bench_share o on o.label = h.label and o.kind = h.kind and o.held <> h.held
  union all select h.label, h.kind, h.held, null, 1 - (
    select sum(o.share) from bench_share o where o.label = h.label and o.kind = h.kind) from bench_share h
) every order by label, kind, held, share desc, rival
"""
SNAPSHOTS = """
insert into recognizer_snapshotitem (run_id, drawing_id, label_id, part, before_id, after_id)
select t.id, p.n, p.label, case when p.author %% 5 = 0 then 'exam' else 'study' end,
  case when p.author %% 5 = 0 then a.first end, case when p.author %% 5 = 0 then p.label end
from recognizer_trainingrun t join bench_plan p on p.recognizer = t.recognizer_id
  and p.created < t.created and says < 0.7 and decides < 0.55 and p.n %% 10 = 0
join bench_answer a on a.label = p.label and a.kind = p.kind
"""
SEQUENCES = ("drawing", "prediction", "personalanswer", "correction", "review")


def fill(drawings: int) -> None:
    """Fill a database that has its tables, the shipped models, and no other rows."""
    _register_versions()
    numbers = {"drawings": drawings, "authors": AUTHORS, "busy": BUSY / 1_000_000, "versions": VERSIONS}
    numbers |= {"inks": INKS, "answers": ANSWERS, "reviewers": REVIEWERS}
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica; set synchronous_commit = off; select setseed(0.5)")
        cursor.execute(TRACKS)
        for row in _tracks():
            cursor.execute("insert into bench_track values (%s, %s, %s, %s)", row)
        for statement in (PEOPLE, LABELS, GUESSES, PLAN, DRAWINGS, PREDICTIONS, PERSONAL, CORRECTIONS):
            cursor.execute(statement, numbers)
        _reviewers()
        _runs(drawings)
        for statement in (REVIEWS, OPINIONS, PLACES, SHARES, CHECKS, SNAPSHOTS):
            cursor.execute(statement, numbers)
        for name in SEQUENCES:
            table = f"recognizer_{name}"
            cursor.execute(f"select setval('{table}_id_seq', (select max(id) from {table}))")  # noqa: S608
        cursor.execute("set session_replication_role = origin; reset synchronous_commit")
        cursor.execute("vacuum analyze")
    _count()


def _tracks() -> list[tuple[int, str, int, int]]:
    """Rows of synthetic digits with times: number, ink, points and shape."""
    from ml.augmentation.synthetic_digits import write_digit
    from recognizer.review.queue import shape

    rng = np.random.default_rng(0)
    inks = []
    for at in range(INKS):
        strokes = [np.round(track, 1) for track in write_digit(at % 10, rng)]
        inks.append([[*stroke.tolist(), list(range(0, 12 * stroke.shape[1], 12))] for stroke in strokes])
    return [(at, json.dumps(ink), sum(len(s[0]) for s in ink), shape(ink)) for at, ink in enumerate(inks)]


def _register_versions() -> None:
    """Register and promote the shipped models several times as further versions."""
    from recognizer.models import Recognizer

    for recognizer in Recognizer.objects.all():
        bundle = promotions.bundle_of(recognizer.versions.get(number=1))
        for _ in range(VERSIONS - 1):
            version = promotions.register(recognizer=recognizer, bundle=bundle)
            promotions.promote(
                version=version, replaces=promotions.current_promotion(recognizer.pk), reason="for the benchmark"
            )


def _reviewers() -> None:
    from django.contrib.auth.models import Permission
    from django.utils import timezone

    from accounts.models import User

    may = Permission.objects.get(codename="review_drawings")
    for n in range(REVIEWERS):
        made = User.objects.create_superuser(f"reviewer{n}@example.org", consented_at=timezone.now(), pk=2_000_000 + n)
        made.user_permissions.add(may)


def _runs(drawings: int) -> None:
    """A run for every version but the first."""
    from datetime import timedelta

    from django.utils import timezone

    from recognizer.models import ModelVersion, TrainingRun

    for version in ModelVersion.objects.filter(number__gt=1).select_related("recognizer").light():
        before = version.recognizer.versions.light().get(number=version.number - 1)
        ended = timezone.now() - timedelta(days=400) * (VERSIONS + 1 - version.number) / VERSIONS
        run = TrainingRun.objects.create(
            recognizer=version.recognizer, state="passed", trigger="Enough.", base=before, champion=before,
            version=version, finished=ended,
            snapshot={"study": 10_000, "study_authors": 900, "last_review": round(drawings * 0.983)},
        )  # fmt: skip
        TrainingRun.objects.filter(pk=run.pk).update(created=ended)
        ModelVersion.objects.filter(pk=version.pk).update(created=ended)


def _count() -> None:
    """Mark everything as read by the background tasks, and compute their summaries."""
    from django.db.models import Max
    from django.utils import timezone

    from recognizer.insights import label_checks
    from recognizer.models import Bookmark

    for name, (model, _drawing) in label_checks.SOURCES.items():
        newest = model.objects.aggregate(newest=Max("id"))["newest"]
        Bookmark.objects.create(of=name, at=newest)
    Bookmark.objects.update(moved=timezone.now() - 2 * label_checks.LATE_COMMITS)
    counts.recount()


def check() -> None:
    """Compare a sample of the derived rows with what the product writes. Raises SystemExit if they differ."""
    from recognizer.insights import label_checks
    from recognizer.models import LabelCheck, QueueEntry

    standing = Correction.objects.current().filter(label__isnull=False).order_by("-pk")
    sample = list(standing.filter(pk__lte=standing.count())[:SAMPLE])
    drawings = [correction.drawing_id for correction in sample]
    checks, places = LabelCheck.objects.filter(drawing__in=drawings), QueueEntry.objects.filter(correction__in=sample)
    for rows, again in (
        (checks, lambda: label_checks.update_checks(drawings)),
        (places, lambda: _create_again(sample)),
    ):
        before = _comparable(rows)
        again()
        after = _comparable(rows)
        different = [pk for pk in before.keys() | after.keys() if before.get(pk) != after.get(pk)]
        if different:
            raise SystemExit(f"{rows.model.__name__}: {before.get(different[0])} should be {after.get(different[0])}")


def _create_again(sample: Sequence[Correction]) -> None:
    from recognizer.models import QueueEntry
    from recognizer.review import queue

    QueueEntry.objects.filter(correction__in=sample).delete()
    queue.create_entries(sample)


def _comparable(rows: Any) -> dict[int, dict[str, Any]]:
    """Rows by primary key, with rounded numbers and without fields that are made up here."""
    key = rows.model._meta.pk.attname
    fields = [field.attname for field in rows.model._meta.concrete_fields if field.name not in NOT_COMPARED]
    return {
        row[key]: {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows.values(*fields)
    }
