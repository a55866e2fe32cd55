"""Personal memory: a person's confirmed and corrected drawings, which adjust that person's own answers at once.

`personal_answer` adjusts an answer, `remember` changes what is remembered, and `refresh` embeds remembered drawings
again, in the background, after a promotion. `device` makes the copy on a person's own device.
"""

from recognizer.memory.device import copy_for_device, copy_revision
from recognizer.memory.personal_answer import Recalled, clear_cache, recall
from recognizer.memory.refresh import refresh_memories, refresh_memory
from recognizer.memory.remember import (
    Embedded,
    embed_drawing,
    embed_with_live_version,
    forget_all_drawings,
    forget_drawing,
    remember_again,
    remembered_drawings,
    set_enabled,
    update_memory,
)
