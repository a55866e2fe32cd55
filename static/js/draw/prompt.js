// What the sheet asks for: a sentence of the recognizer's own with one of its labels in it.

import { sign } from "../shared/labels.js";

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
    const label = draw(others);
    this.#part.label.replaceChildren(sign({ ...label, glyph: label.asked }));
  }
}

/** One of them; what weighs more is drawn more often: there are too few drawings of it. */
function draw(labels) {
  let left = Math.random() * labels.reduce((sum, { weight }) => sum + weight, 0);
  return labels.find(({ weight }) => (left -= weight) < 0) ?? labels.at(-1);
}
