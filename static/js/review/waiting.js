// How many drawings wait for a review. It counts down with each decision, and follows what the server counts.

import { integer, text } from "../shared/texts.js";

export class Waiting {
  #line;
  #count; // null: too many to be counted
  #changed = false; // whether the server's next count can lack what this page decided or undid

  constructor(line) {
    this.#line = line;
    this.#count = line.dataset.count ? Number(line.dataset.count) : null;
  }

  /** `decisions` more are made; negative: undone. */
  subtract(decisions) {
    this.#changed = true;
    if (this.#count !== null) this.#show(this.#count - decisions);
  }

  /** The server is asked now. `undoing`: whether an undo is not sent yet; decisions that are not sent yet are named to the server. */
  ask(undoing) {
    this.#changed = undoing;
  }

  /** The server's answer: `count`, or null and `waiting`, a text. */
  answer({ count, waiting }) {
    if (count !== null && this.#changed) return; // the next answer corrects the count
    if (count !== null) return this.#show(count);
    this.#count = null;
    this.#line.textContent = waiting;
  }

  #show(count) {
    this.#count = Math.max(0, count);
    this.#line.textContent = text("waiting", { count: integer(this.#count) });
  }
}
