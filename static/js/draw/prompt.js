// The prompt above the drawing area: the recognizer's sentence with one of its labels.

import { sign } from "../shared/labels.js";
import { text } from "../shared/texts.js";

export class Prompt {
  #part;
  #recognizer;

  /** The first prompt is already in the heading. */
  constructor(heading, recognizer) {
    this.#part = Object.fromEntries([...heading.children].map((part) => [part.dataset.prompt, part]));
    this.#recognizer = recognizer;
  }

  /** The label that it asks for. */
  get label() {
    return this.#recognizer.labels.find(({ asked }) => asked === this.#part.label.textContent);
  }

  use(recognizer) {
    this.#recognizer = recognizer;
    this.#part.before.textContent = recognizer.before;
    this.#part.after.textContent = recognizer.after;
    this.shuffle();
  }

  /** Ask for anything. */
  useNone() {
    this.#recognizer = { labels: [] };
    this.#part.before.textContent = text("drawAnything");
    this.#part.label.replaceChildren();
    this.#part.after.textContent = "";
  }

  /** Show another label. */
  shuffle() {
    const others = this.#recognizer.labels.filter(({ asked }) => asked !== this.#part.label.textContent);
    if (!others.length) return;
    const label = draw(others);
    this.#part.label.replaceChildren(sign({ ...label, glyph: label.asked }));
  }
}

/** A random label; labels with few drawings have a larger weight. */
function draw(labels) {
  let left = Math.random() * labels.reduce((sum, { weight }) => sum + weight, 0);
  return labels.find(({ weight }) => (left -= weight) < 0) ?? labels.at(-1);
}
