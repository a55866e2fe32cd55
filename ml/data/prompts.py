"""Check prompts: a recognizer's sentence with one placeholder, {glyph} or {name}, for one of its labels."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"\{(glyph|name)\}")


def prompt_problem(prompt: str) -> str:
    """What is wrong with a prompt and what to do; empty if nothing is wrong."""
    if len(PLACEHOLDER.findall(prompt)) == 1:
        return ""
    return f"The prompt {prompt!r} must contain {{glyph}} or {{name}} exactly once, as in 'Draw {{name}}'."
