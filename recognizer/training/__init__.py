"""Training: when a recognizer is trained, and what a training run does.

scheduler   starts runs that are due, and closes runs whose worker died
runs        open, enqueue and cancel runs
lease       the right of one task to work on a run, renewed by a heartbeat
pipeline    one run, from the snapshot to the promotion
snapshots   the approved drawings that a run takes, and their rasters
split       which of them are trained on and which are held back for the exam
base_data   the data sets of the bases on the trainer's disk, and their download
monitoring  how often people correct a live version, and the automatic rollback
"""

from recognizer.training import base_data
from recognizer.training.pipeline import execute_run
from recognizer.training.runs import (
    ClosedRunError,
    OpenRunError,
    cancel_run,
    open_run,
    policy_of,
    start_run,
    versions_trained_on,
)
from recognizer.training.scheduler import run_due_jobs
