"""Make the labels of the recognizer `maths` from LaTeX commands: typeset them, merge those of one shape, add codes."""
