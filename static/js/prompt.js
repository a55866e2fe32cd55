// What the sheet asks for: a sentence of the recognizer's own with one of its labels in it.

import { sign } from "./labels.js";

export class Prompt {
  #part;
  #recognizer;

  /** The first prompt stands in the heading already. */
  constructor(heading, recognizer) {
    this.#part = Object.fromEntries([...heading.children].map((part) => [part.dataset.prompt, part]));
    this.#recognizer = recognizer;
  }

  use(recognizer) {
    this.#recognizer = recognizer;
    this.#part.before.textContent = recognizer.before;
    this.#part.after.textContent = recognizer.after;
    this.shuffle();
  }

  /** Another label than the one that is asked for. */
  shuffle() {
    const others = this.#recognizer.labels.filter(({ asked }) => asked !== this.#part.label.textContent);
    if (!others.length) return;
    const label = others[Math.floor(Math.random() * others.length)];
    this.#part.label.replaceChildren(sign({ ...label, glyph: label.asked }));
  }
}
