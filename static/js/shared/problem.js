// A quiet line below the sheet for what went wrong; the ink stays where it is.

import { text } from "./texts.js";

export class Problem {
  #line;

  constructor(line) {
    this.#line = line;
  }

  show(what, { retry = false } = {}) {
    this.#line.hidden = false;
    this.#line.querySelector("span").textContent = what;
    this.#line.querySelector("button").hidden = !retry;
  }

  /** An answer settles what could be tried again; the next act settles what was refused. */
  settle({ retryable = null } = {}) {
    if (retryable === null || this.#line.querySelector("button").hidden === !retryable) this.#line.hidden = true;
  }
}

/** In words for the person who drew. */
export function whyNot({ status, code, detail, isOffline }) {
  if (isOffline) return text("offline");
  if (status === 403) return text("outOfDate"); // the token of another session
  return status < 500 || code === "no_model" ? detail : text("serverStumbled");
}
