"""What happens in the background. A task is an id, one call, one log line; each one bears being delivered twice."""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

from recognizer import drawings, training

logger = logging.getLogger(__name__)
app = import_string(settings.TASK_APP)


@app.task
def tick() -> None:
    """Look what is due. Beat asks often, and it does not matter how often."""
    runs = training.tick()
    asked = drawings.catch_up()
    logger.info("tick: %d runs moved, %d old drawings asked again", len(runs), asked)


@app.task
def train(run_id: int) -> None:
    """Work on a training run, unless another worker has it."""
    training.run(run_id=run_id)
    logger.info("train: done with run %d", run_id)


@app.task
def ask_again(drawing_ids: list[int]) -> None:
    """Let the newest versions answer these drawings, for those who look at them."""
    asked = drawings.ask_again(drawing_ids)
    logger.info("ask_again: %d of %d drawings were answered", asked, len(drawing_ids))
