// The error message below the drawing area.

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

  /** Hide the message; with `retryable`, only if it offers to try again or not. */
  settle({ retryable = null } = {}) {
    if (retryable === null || this.#line.querySelector("button").hidden === !retryable) this.#line.hidden = true;
  }
}

/** The error as a message for the user. */
export function errorText({ status, code, detail, isOffline }) {
  if (isOffline) return text("offline");
  if (status === 403) return text("outOfDate"); // the CSRF token belongs to another session
  return status < 500 || code === "no_model" ? detail : text("serverError");
}
