// A key for every label of a recognizer; where they are many, a field that finds one by typing.

import { Filter } from "../shared/filter.js";
import { sign } from "../shared/labels.js";

const MOST_AT_A_GLANCE = 12;

export class Picker {
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
    this.#field.hidden = labels.length <= MOST_AT_A_GLANCE;
    this.#filter.clear();
  }

  /** Where one types what it is; nothing where every label can be seen at a glance. */
  focus() {
    if (!this.#field.hidden && this.#root.checkVisibility()) this.#filter.focus();
  }

  press(said) {
    for (const key of this.#keypad.children) key.setAttribute("aria-pressed", String(key.dataset.label === said));
  }
}

function newKey(label) {
  const key = document.createElement("button");
  key.type = "button";
  key.className = `key tone-${label.tone}`;
  key.dataset.key = "";
  key.dataset.label = label.slug;
  key.setAttribute("aria-label", label.name);
  if (label.language) key.lang = label.language;
  key.append(sign(label));
  return key;
}
