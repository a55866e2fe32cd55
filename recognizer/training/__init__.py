"""Training: when a recognizer is taught, and what a run does.

runs      open, enqueue, cancel; questions about runs
schedule  the tick: what is due, what is dead
lease     the right to work on a run, kept alive by a pulse
work      one run from the snapshot to the promotion
"""

from recognizer.training.pipeline import run
from recognizer.training.runs import ClosedRunError, OpenRunError, cancel, open_run, policy_of, start, taught
from recognizer.training.scheduler import tick

__all__ = ["ClosedRunError", "OpenRunError", "cancel", "open_run", "policy_of", "run", "start", "taught", "tick"]
