"""The base test of a recognizer: installed with a release, replaced by a newer one, checked before it is used."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from ml.bundles.bundle import Bundle, BundleError, save_bundle, sha256_hex
from ml.evaluation.base_test import BASE_TEST_FILE, BaseTest, save_base_test, write_base_test
from recognizer.models import BaseTest as BaseTestRow
from recognizer.models import ModelVersion, Recognizer
from recognizer.registry import promotions
from recognizer.registry.base_tests import base_test_of, install_base_test


@pytest.fixture
def base_test(starter: Bundle) -> BaseTest:
    """One blank raster of each digit."""
    size, labels = starter.raster.size, len(starter.slugs)
    return BaseTest(
        rasters=np.zeros((labels, size, size), np.uint8),
        labels=np.arange(labels),
        sources=np.array(["mnist"] * labels),
        slugs=starter.slugs,
        raster=starter.raster,
    )


@pytest.fixture
def release(starter: Bundle, base_test: BaseTest, tmp_path: Path) -> Path:
    """A folder of bundles with the digits and their base test, as a release has it."""
    save_bundle(starter, tmp_path / "digits")
    save_base_test(base_test, tmp_path / "digits")
    return tmp_path


def changed(test: BaseTest) -> BaseTest:
    return replace(test, rasters=test.rasters + 1)


def installed() -> BaseTestRow:
    return BaseTestRow.objects.get(recognizer__slug="digits")


def run_command(name: str, *arguments: Any, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_the_base_test_of_a_release_is_installed_by_its_checksum(db: None, release: Path) -> None:
    run_command("install_models", folder=release)
    content = (release / "digits" / BASE_TEST_FILE).read_bytes()
    assert (bytes(installed().content), installed().sha256) == (content, sha256_hex(content))


def test_it_is_installed_also_where_a_version_of_the_sites_own_is_live(
    digits: Recognizer, starter: Bundle, release: Path
) -> None:
    own = promotions.register(
        recognizer=digits, bundle=replace(starter, manifest={**starter.manifest, "unsure_below": 0.7})
    )
    promotions.promote(version=own, replaces=promotions.current_promotion(digits.pk), reason="trained here")
    run_command("install_models", folder=release)
    assert promotions.current_promotion(digits.pk).model_version == own  # type: ignore[union-attr]
    assert installed().recognizer == digits


def test_a_newer_one_replaces_it(db: None, release: Path, base_test: BaseTest) -> None:
    run_command("install_models", folder=release)
    before = installed()
    save_base_test(changed(base_test), release / "digits")
    run_command("install_models", folder=release)
    assert installed().sha256 != before.sha256
    assert ModelVersion.objects.count() == 1


def test_an_unchanged_one_is_not_written_again(db: None, release: Path) -> None:
    first, _ = run_command("install_models", folder=release)
    when = installed().installed
    again, _ = run_command("install_models", folder=release)
    assert installed().installed == when
    assert len(again.splitlines()) == len(first.splitlines()) - 1  # the line about the base test


def test_a_release_without_one_leaves_the_installed_one(db: None, release: Path) -> None:
    run_command("install_models", folder=release)
    before = installed()
    (release / "digits" / BASE_TEST_FILE).unlink()
    run_command("install_models", folder=release)
    assert installed().sha256 == before.sha256


def test_one_that_cannot_be_read_is_reported_and_the_bundle_is_installed(db: None, release: Path) -> None:
    (release / "digits" / BASE_TEST_FILE).write_bytes(b"no archive")
    _, err = run_command("install_models", folder=release)
    assert err.startswith("digits ")
    assert ModelVersion.objects.get().recognizer.slug == "digits"
    assert not BaseTestRow.objects.exists()


def test_labels_that_the_recognizer_lacks_are_refused(digits: Recognizer, base_test: BaseTest) -> None:
    other = replace(base_test, slugs=[*base_test.slugs[:-1], "moon"])
    with pytest.raises(BundleError, match="moon"):
        install_base_test(recognizer=digits, content=write_base_test(other))
    assert not BaseTestRow.objects.exists()


def test_installing_says_whether_it_is_another_one(digits: Recognizer, base_test: BaseTest) -> None:
    contents = [write_base_test(test) for test in (base_test, base_test, changed(base_test))]
    assert [install_base_test(recognizer=digits, content=each) for each in contents] == [True, False, True]


def test_a_bundle_gets_the_test_that_it_can_answer(digits: Recognizer, starter: Bundle, base_test: BaseTest) -> None:
    assert base_test_of(digits, starter) is None
    install_base_test(recognizer=digits, content=write_base_test(base_test))
    found = base_test_of(digits, starter)
    assert found is not None
    assert found.sha256 == installed().sha256
    assert np.array_equal(found.test.labels, base_test.labels)
    labels = starter.manifest["labels"][::-1]
    assert base_test_of(digits, replace(starter, manifest={**starter.manifest, "labels": labels})) is None
    raster = {"size": 28, "box": 20, "pen": 3.3}
    assert base_test_of(digits, replace(starter, manifest={**starter.manifest, "raster": raster})) is None


def test_damaged_content_is_an_error(digits: Recognizer, starter: Bundle, base_test: BaseTest) -> None:
    install_base_test(recognizer=digits, content=write_base_test(base_test))
    BaseTestRow.objects.update(content=write_base_test(changed(base_test)))
    with pytest.raises(BundleError, match="install_models"):
        base_test_of(digits, starter)


def test_a_bundle_of_ones_own_brings_its_base_test(db: None, release: Path) -> None:
    run_command("install_recognizer", release / "digits")
    assert installed().sha256 == sha256_hex((release / "digits" / BASE_TEST_FILE).read_bytes())


def test_a_bundle_whose_base_test_does_not_fit_is_not_installed(db: None, release: Path, base_test: BaseTest) -> None:
    save_base_test(replace(base_test, slugs=[*base_test.slugs[:-1], "moon"]), release / "digits")
    with pytest.raises(CommandError, match="moon"):
        run_command("install_recognizer", release / "digits")
    assert not Recognizer.objects.exists()
