// How many drawings wait for a review. It counts down with each decision, and follows what the server counts.

import { integer, text } from "../shared/texts.js";

export class Waiting {
  #line;
  #count; // null: too many to be counted
  #since = 0; // decisions since the server was asked

  constructor(line) {
    this.#line = line;
    this.#count = line.dataset.count ? Number(line.dataset.count) : null;
  }

  /** `decisions` more are made; negative: undone. */
  subtract(decisions) {
    this.#since += decisions;
    if (this.#count !== null) this.#show(this.#count - decisions);
  }

  /** The server is asked now. What is decided until it answers is not in its count. */
  ask() {
    this.#since = 0;
  }

  /** The server's answer: `count`, or null and `waiting`, a text. */
  answer({ count, waiting }) {
    if (count !== null) return this.#show(count - this.#since);
    this.#count = null;
    this.#line.textContent = waiting;
  }

  #show(count) {
    this.#count = Math.max(0, count);
    this.#line.textContent = text("waiting", { count: integer(this.#count) });
  }
}
