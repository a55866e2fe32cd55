// Announces messages to screen readers, after a pause so that only the last one is spoken.

const DELAY_MS = 700;

export class Announcer {
  #region;
  #timer = 0;

  constructor(region) {
    this.#region = region;
  }

  /** `what` is a text, or a function that returns one when it is announced. */
  say(what) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const words = typeof what === "function" ? what() : what;
      if (this.#region.textContent !== words) this.#region.textContent = words; // the server often answers as the page did
    }, DELAY_MS);
  }

  /** Without a pause: an answer that comes in the next moment does not replace it. */
  now(words) {
    clearTimeout(this.#timer);
    this.#region.textContent = words;
  }
}
