"""How ink becomes labels: arrays in, arrays out; no web framework, no task queue, no settings."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow prints much about the processor
