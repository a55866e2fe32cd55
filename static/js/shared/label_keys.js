// Buttons for labels.

import { sign, spoken } from "./labels.js";

export function newKey(label) {
  const key = document.createElement("button");
  key.type = "button";
  key.className = `key tone-${label.tone}`;
  key.dataset.label = label.slug;
  key.setAttribute("aria-label", spoken(label));
  if (label.language) key.lang = label.language;
  key.append(sign(label));
  return key;
}

/** With the name below the symbol: among very many symbols people know some by name only. */
export function newNamedKey(label) {
  const key = newKey(label);
  if (!label.glyph && !label.shape) return key;
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = label.name;
  key.append(name);
  return key;
}
