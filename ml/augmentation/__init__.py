"""Variations of drawings, synthetic digits and negative examples for training."""
