"""The message broker in a folder: a reader never finds a file that is half written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from threading import Event

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

from config.file_broker import Channel

OpenChannel = Callable[[], Channel]


@pytest.fixture
def open_channel(tmp_path: Path) -> OpenChannel:
    """Opens a channel, as each process does, to a broker in an empty folder."""
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    options = {**folders, "control_folder": str(tmp_path / "control")}
    transport = "config.file_broker:Transport"
    return lambda: Connection("filesystem://localhost", transport=transport, transport_options=options).channel()


def take(channel: Channel, count: int) -> list[dict[str, object]]:
    """Wait for this number of messages."""
    taken: list[dict[str, object]] = []
    while len(taken) < count:
        try:
            taken.append(channel._get("celery"))
        except Empty:
            continue
    return taken


def test_a_message_of_a_slow_writer_is_not_found_before_it_is_complete(open_channel: OpenChannel) -> None:
    writing, finish = Event(), Event()

    class Slow:
        def __json__(self) -> str:
            writing.set()
            finish.wait(10)
            return "slow"

    with ThreadPoolExecutor() as pool:
        sent = pool.submit(open_channel()._put, "celery", {"is": Slow()})
        assert writing.wait(10)
        with pytest.raises(Empty):
            open_channel()._get("celery")
        finish.set()
        sent.result()
    assert open_channel()._get("celery") == {"is": "slow"}


def test_long_messages_arrive_whole_and_in_order_while_they_are_written(open_channel: OpenChannel) -> None:
    text = "x" * 8_000_000
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(take, open_channel(), 8)
        sender = open_channel()
        for number in range(8):
            sender._put("celery", {"number": number, "text": text})
        assert [message["number"] for message in taken.result(30)] == list(range(8))


def test_a_damaged_message_is_dropped_and_the_next_one_is_read(
    open_channel: OpenChannel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for content in [b"", b'{"half', b"\xff\x00"]:
        (tmp_path / f"0_{len(content)}.celery.msg").write_bytes(content)
    open_channel()._put("celery", {"is": "whole"})
    assert open_channel()._get("celery") == {"is": "whole"}
    assert len(caplog.records) == 3
    with pytest.raises(Empty):
        open_channel()._get("celery")


def test_a_list_of_queues_can_be_read_while_it_is_made(open_channel: OpenChannel, tmp_path: Path) -> None:
    (tmp_path / "control").mkdir()
    exchanges = [f"exchange{number}" for number in range(100)]

    def bind(queue: str) -> None:
        channel = open_channel()
        for exchange in exchanges:
            channel._queue_bind(exchange, "key", "", queue)

    with ThreadPoolExecutor() as pool:
        bound = [pool.submit(bind, queue) for queue in ("one", "two")]
        reader = open_channel()
        while not all(each.done() for each in bound):
            for exchange in exchanges:
                reader.get_table(exchange)
        for each in bound:
            each.result()
    assert all({row.queue for row in reader.get_table(exchange)} == {"one", "two"} for exchange in exchanges)
    assert not list(tmp_path.rglob("*.unfinished"))


def test_a_folder_without_hard_links_will_do(
    open_channel: OpenChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "control").mkdir()
    monkeypatch.setattr("os.link", refuse)
    open_channel()._queue_bind("exchange", "key", "", "celery")
    assert [row.queue for row in open_channel().get_table("exchange")] == ["celery"]
    assert not list(tmp_path.rglob("*.unfinished"))


def test_a_folder_that_is_missing_is_an_error_of_the_broker(open_channel: OpenChannel, tmp_path: Path) -> None:
    tmp_path.rmdir()
    with pytest.raises(ChannelError):
        open_channel()._put("celery", {})
