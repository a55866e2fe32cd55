// Buttons for all labels of a recognizer, with a search field if there are many.

import { Filter } from "../shared/filter.js";
import { sign, spoken } from "../shared/labels.js";

const MAX_WITHOUT_SEARCH = 12;

export class LabelPicker {
  #root;
  #keypad;
  #field;
  #filter;

  constructor(root) {
    this.#root = root;
    this.#keypad = root.querySelector("[data-keypad]");
    this.#field = root.querySelector("[data-field]");
    this.#filter = new Filter(root);
  }

  connect() {
    this.#filter.connect();
  }

  use({ labels }) {
    this.#keypad.replaceChildren(...labels.map(newKey));
    this.#keypad.classList.toggle("words", labels.some(({ glyph }) => !glyph));
    this.#field.hidden = labels.length <= MAX_WITHOUT_SEARCH;
    this.#filter.clear();
  }

  /** Focus the search field, if there is one. */
  focus() {
    if (!this.#field.hidden && this.#root.getClientRects().length) this.#filter.focus();
  }

  press(label) {
    for (const key of this.#root.querySelectorAll("[data-label]")) key.setAttribute("aria-pressed", String(key.dataset.label === label));
  }
}

function newKey(label) {
  const key = document.createElement("button");
  key.type = "button";
  key.className = `key tone-${label.tone}`;
  key.dataset.key = "";
  key.dataset.label = label.slug;
  key.setAttribute("aria-label", spoken(label));
  if (label.language) key.lang = label.language;
  key.append(sign(label));
  return key;
}
