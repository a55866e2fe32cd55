// Shows labels: the glyph or else the name, marked with its language.

/** A label's glyph, or its name where it has none. */
export function sign({ glyph, name, language }) {
  return inLanguage(glyph || name, language);
}

/** A label's name, for a sentence. */
export function named({ name, language }) {
  return inLanguage(name, language, "name");
}

/** Whether a reader may not know the glyph, so that the name is shown beside it. */
export function isForeign({ glyph, language }) {
  return Boolean(glyph && language);
}

function inLanguage(words, language, className = "") {
  const span = document.createElement("span");
  if (language) span.lang = language;
  if (className) span.className = className;
  span.textContent = words;
  return span;
}
