"""What `python -m config.server` says about options that it cannot use."""

from __future__ import annotations

import sys

import pytest

from config import server


@pytest.mark.parametrize("bind", ["nonsense", "0.0.0.0:", "127.0.0.1:http", "127.0.0.1:99999999999"])
def test_an_address_that_cannot_be_used_is_refused_with_advice(
    bind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "_load", lambda: pytest.fail("the site was loaded"))
    monkeypatch.setattr(sys, "argv", ["server", "--bind", bind])
    with pytest.raises(SystemExit) as ended:
        server.main()
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert repr(bind) in printed
    assert "0.0.0.0:8000" in printed
