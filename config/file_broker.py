"""The message broker in a folder, for an installation without Redis: kombu's, without its two races.

kombu creates a file and then writes it, so a reader can find a message or a list of queues that is empty or half
written. It then raises a `JSONDecodeError`, which ends the worker.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Each file gets its name when it is complete."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]
        """Add a message to a queue. Raises ChannelError if it cannot be written."""
        folder = Path(self.data_folder_out)
        unfinished = folder / f"{uuid4()}.unfinished"
        try:
            unfinished.write_text(dumps(payload))
            unfinished.replace(folder / f"{time_ns() // 1_000_000}_{uuid4()}.{queue}.msg")  # read in order of names
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise ChannelError(f"The message cannot be written to {folder}: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message from a queue. A damaged one (the power went off) is logged and dropped.

        Raises Empty if there is none.
        """
        while True:
            try:
                return super()._get(queue)
            except ValueError as error:
                logger.warning("A damaged message of the queue %s is dropped: %s", queue, error)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Add a queue to an exchange. kombu changes its file under a lock, but creates it without one."""
        file = self._exchange_file(exchange)
        if not file.exists():
            unfinished = file.with_name(f"{uuid4()}.unfinished")
            try:
                unfinished.write_text("[]")
                _give_name(unfinished, file)
            except OSError as error:
                raise ChannelError(f"{file} cannot be written: {error}") from error
            finally:
                unfinished.unlink(missing_ok=True)
        super()._queue_bind(exchange, routing_key, pattern, queue)


def _give_name(unfinished: Path, file: Path) -> None:
    """Give a complete file its name, unless another process was quicker."""
    try:
        os.link(unfinished, file)
    except FileExistsError:
        pass
    except OSError:  # no hard links here, as in shared folders of VirtualBox; the quicker process is not noticed
        unfinished.replace(file)


class Transport(filesystem.Transport):
    """Used as the setting CELERY_BROKER_TRANSPORT."""

    Channel = Channel
