"""The network, its training from scratch, and fine-tuning. Needs TensorFlow."""
