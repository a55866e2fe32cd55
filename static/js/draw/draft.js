// Stores the unfinished drawing of this tab. `draft_store.js` says what belongs into it.

import { inTab, recall, remember } from "../shared/storage.js";

const KEY = "inkling.sheet";

/** The stored draft, or null. */
export function loadDraft() {
  return recall(inTab, KEY);
}

/** Null removes it. */
export function saveDraft(draft) {
  remember(inTab, KEY, draft);
}
