"""The active version is the newest promotion, in every process, without a restart."""

import copy
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ml.bundles.bundle import Bundle, BundleError, save_bundle
from recognizer.management.commands.install_models import FOLDER
from recognizer.models import Label, ModelVersion, Promotion, Recognizer, Tone
from recognizer.registry import install, promotions, serving
from tests import small_bundles
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Time stands still until it is moved."""

    class Clock:
        now = 1_000.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr("recognizer.registry.serving.time.monotonic", clock)
    return clock


def changed(bundle: Bundle, **manifest: Any) -> Bundle:
    return Bundle({**copy.deepcopy(bundle.manifest), **manifest}, bundle.tflite, bundle.keras)


def promote(recognizer: Recognizer, bundle: Bundle, **fields: Any) -> Promotion:
    version = promotions.register(recognizer=recognizer, bundle=bundle)
    return promotions.promote(
        version=version, replaces=promotions.current_promotion(recognizer.pk), reason="test", **fields
    )


def answered_by(client: Client) -> int:
    body = {"recognizer": "digits", "ink": SEVEN}
    return client.post("/api/v1/predict", body, content_type="application/json").json()["model_version"]


def test_a_new_promotion_answers_within_a_second(
    client: Client, digits: Recognizer, starter: Bundle, clock: Any
) -> None:
    assert answered_by(client) == 1
    promote(digits, starter)
    clock.now += 0.4
    assert answered_by(client) == 1
    clock.now += 0.2
    assert answered_by(client) == 2


def test_rolling_back_is_one_more_promotion(client: Client, digits: Recognizer, starter: Bundle, clock: Any) -> None:
    promote(digits, starter)
    first = ModelVersion.objects.get(number=1)
    promotions.promote(version=first, replaces=promotions.current_promotion(digits.pk), reason="took it back")
    assert answered_by(client) == 1
    assert Promotion.objects.count() == 3


def test_a_version_can_change_when_it_is_sure(client: Client, digits: Recognizer, starter: Bundle) -> None:
    promote(digits, changed(starter, unsure_below=1.0))
    body = {"recognizer": "digits", "ink": SEVEN}
    answer = client.post("/api/v1/predict", body, content_type="application/json").json()
    assert (answer["model_version"], answer["unsure"]) == (2, True)


def test_a_bundle_that_was_tampered_with_leaves_the_old_version_serving(
    client: Client, digits: Recognizer, starter: Bundle, clock: Any
) -> None:
    assert answered_by(client) == 1
    promotion = promote(digits, starter)
    ModelVersion.objects.filter(pk=promotion.model_version_id).update(tflite=starter.tflite[:-100] + b"\0" * 100)
    clock.now += 2
    assert answered_by(client) == 1
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["problems"]["digits"]


def test_a_bundle_that_is_refused_once_is_not_loaded_every_second(
    digits: Recognizer, starter: Bundle, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.live_version("digits")
    promote(digits, starter)
    loads = []

    def refuse(promotion: int) -> Any:
        loads.append(promotion)
        raise BundleError("broken")

    monkeypatch.setattr("recognizer.registry.serving.load_version", refuse)
    for _ in range(5):
        clock.now += 2
        assert serving.live_version("digits").version.number == 1
    assert len(loads) == 1


def test_a_database_that_is_away_does_not_stop_the_answers(
    client: Client, digits: Recognizer, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answered_by(client) == 1

    def away(*_: Any) -> Any:
        raise DatabaseError("gone")

    monkeypatch.setattr("recognizer.registry.serving._look", away)
    clock.now += 2
    assert answered_by(client) == 1


def test_what_does_not_verify_is_never_registered(digits: Recognizer, starter: Bundle) -> None:
    for broken in (
        Bundle(starter.manifest, starter.tflite[:-1], starter.keras),
        Bundle(starter.manifest, starter.tflite, starter.keras + b"code"),
        changed(starter, preprocess_version=99),
    ):
        with pytest.raises(BundleError):
            promotions.register(recognizer=digits, bundle=broken)
    assert ModelVersion.objects.count() == 1


def test_labels_come_from_the_bundle_and_must_be_known(digits: Recognizer, starter: Bundle) -> None:
    labels = copy.deepcopy(starter.manifest["labels"])
    labels[7]["slug"] = "sept"
    with pytest.raises(BundleError, match="sept"):
        promotions.register(recognizer=digits, bundle=changed(starter, labels=labels))


def test_the_order_of_labels_in_the_database_does_not_matter(client: Client, digits: Recognizer) -> None:
    for label in Label.objects.all():
        Label.objects.filter(pk=label.pk).update(position=100 - label.position)
    body = {"recognizer": "digits", "ink": SEVEN}
    answer = client.post("/api/v1/predict", body, content_type="application/json").json()
    assert answer["guesses"][0]["label"] == "7"


def test_a_promotion_that_lost_a_race_is_told_so(digits: Recognizer, starter: Bundle) -> None:
    seen = promotions.current_promotion(digits.pk)
    version = promotions.register(recognizer=digits, bundle=starter)
    promotions.promote(version=version, replaces=seen, reason="first")
    with pytest.raises(promotions.StalePromotionError):
        promotions.promote(version=version, replaces=seen, reason="second")


def test_a_promotion_outlives_the_person_who_made_it(digits: Recognizer, starter: Bundle, alice: User) -> None:
    promotion = promote(digits, starter, by=alice)
    alice.delete()
    promotion.refresh_from_db()
    assert promotion.by is None


def test_installing_twice_changes_nothing(shipped: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    digits = install.install(bundle=shipped).version.recognizer
    call_command("install_models")
    assert "digits: version 1" in capsys.readouterr().out
    assert digits.versions.count() == digits.promotions.count() == 1


def test_each_shipped_bundle_becomes_version_1_and_is_promoted(client: Client) -> None:
    call_command("install_models", verbosity=0)
    shipped = [path.parent.name for path in FOLDER.glob("*/manifest.json")]
    assert Promotion.objects.filter(model_version__number=1).count() == Promotion.objects.count() == len(shipped)
    labels = Label.objects.filter(recognizer__slug="digits")
    assert list(labels.values_list("slug", flat=True)) == list("0123456789")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["versions"]) == (200, dict.fromkeys(shipped, 1))


def test_installing_from_a_folder_without_bundles_says_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="python -m ml train"):
        call_command("install_models", folder=tmp_path)


def test_installing_a_broken_bundle_leaves_nothing_behind(tmp_path: Any, starter: Bundle) -> None:
    save_bundle(changed(starter, preprocess_version=1), tmp_path / "digits")
    (tmp_path / "digits" / "model.tflite").write_bytes(b"not a model")
    with pytest.raises(CommandError, match="cannot be installed"):
        call_command("install_models", folder=tmp_path)
    assert not Recognizer.objects.exists()


def test_readiness_says_what_to_do_where_nothing_is_installed(client: Client) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "install_models" in ready.json()["problems"]["recognizers"]


def test_a_process_is_alive_without_any_model(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_weights_that_were_changed_in_the_database_never_answer(digits: Recognizer, clock: Any) -> None:
    serving.live_version("digits")
    version = digits.versions.get()
    ModelVersion.objects.create(
        recognizer=digits,
        number=2,
        manifest={"not": "a manifest"},
        tflite=bytes(version.tflite) + b"\0",
        keras=version.keras,
        sha256=version.sha256,
    )
    promotions.promote(
        version=digits.versions.get(number=2), replaces=promotions.current_promotion(digits.pk), reason="test"
    )
    clock.now += 2
    assert serving.live_version("digits").version.number == 1
    assert "SHA-256" in serving.loading_problems()["digits"]


def test_why_a_bundle_was_refused_outlives_a_database_that_was_away(
    digits: Recognizer, starter: Bundle, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> Any:
        raise BundleError("broken")

    def away(*_: Any) -> Any:
        raise DatabaseError("gone")

    serving.live_version("digits")
    promote(digits, starter)
    monkeypatch.setattr("recognizer.registry.serving.load_version", refuse)
    clock.now += 2
    assert "broken" in serving.loading_problems()["digits"]
    with monkeypatch.context() as patch:
        patch.setattr("recognizer.registry.serving._look", away)
        clock.now += 2
        serving.live_version("digits")
    clock.now += 2
    assert "broken" in serving.loading_problems()["digits"]


def test_a_swap_reads_only_what_answers(digits: Recognizer, starter: Bundle) -> None:
    """The other parts are megabytes that every web process would read at each swap."""
    with CaptureQueriesContext(connection) as queries:
        serving.live_version("digits")
    said = " ".join(query["sql"] for query in queries)
    assert '"tflite"' in said
    assert '"keras"' not in said
    assert '"rehearsal"' not in said


@pytest.mark.usefixtures("three")
def test_recognizers_stand_in_the_order_in_which_they_were_installed() -> None:
    assert [each.slug for each in Recognizer.objects.all()] == ["digits", "bangla-digits", "sketches"]


def test_a_recognizer_without_a_title_or_a_prompt_is_called_by_its_slug(starter: Bundle) -> None:
    install.install(bundle=small_bundles.with_labels(starter, "old-runes", starter.manifest["labels"]))
    runes = Recognizer.objects.get(slug="old-runes")
    assert runes.name == "Old runes"
    assert runes.asks == ("How do you write ", "?")


@pytest.mark.usefixtures("sketches")
def test_a_prompt_names_the_label_as_people_say_it() -> None:
    clock = Label.objects.select_related("recognizer").get(slug="alarm-clock")
    assert clock.recognizer.asks == ("Draw ", "")
    assert clock.asked == "an alarm clock"


def test_labels_of_before_are_given_their_tones(digits: Recognizer) -> None:
    Label.objects.update(tone="blue")
    migration = import_module("recognizer.migrations.0005_labels_with_prompts_and_tones")
    migration.give_each_its_tone(apps, None)
    assert list(digits.labels.values_list("tone", flat=True)) == Tone.values[:10]
    assert Tone.at(13) == Tone.RUST
