"""Memories: what one person's confirmed and corrected drawings teach their own answers, at once.

recalling   the way of an answer: one small read, all else is held by the process
following   what is remembered: it follows what its person says
reading     what a version makes of a drawing
catching_up remembered drawings are read again when another version answers, in the background
"""

from recognizer.memory.embed import Seen, look, read
from recognizer.memory.personal_answer import Recalled, clear, recall
from recognizer.memory.refresh import catch_up, catch_up_for_a_moment
from recognizer.memory.remember import follow, follow_again, forget, forget_all, remembered, switch

__all__ = [
    "Recalled",
    "Seen",
    "catch_up",
    "catch_up_for_a_moment",
    "clear",
    "follow",
    "follow_again",
    "forget",
    "forget_all",
    "look",
    "read",
    "recall",
    "remembered",
    "switch",
]
