// Puts words into the clipboard.

/** Promise of whether they are in it. Pages without HTTPS have no clipboard of their own: there a selection is copied. */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return copySelected(words);
  }
}

function copySelected(words) {
  const field = document.createElement("textarea");
  const { activeElement } = document;
  field.value = words;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  activeElement?.focus({ preventScroll: true });
  return isDone;
}
