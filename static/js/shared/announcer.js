// Announces messages to screen readers, after a pause so that only the last one is spoken.

const DELAY_MS = 700;

export class Announcer {
  #region;
  #timer = 0;

  constructor(region) {
    this.#region = region;
  }

  /** `what` is a text, or a function that returns one when it is announced. */
  say(what, after = DELAY_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#region.textContent = typeof what === "function" ? what() : what;
    }, after);
  }

  now(what) {
    this.say(what, 0);
  }
}
