"""Methods that work on stored embeddings, without TensorFlow."""
