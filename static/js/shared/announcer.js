// Says things to people who listen to the page instead of looking at it, once things have settled.

const SETTLED_MS = 700;

export class Announcer {
  #region;
  #timer = 0;

  constructor(region) {
    this.#region = region;
  }

  /** `what` is a text or a function that gives one when the time has come. */
  say(what, after = SETTLED_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#region.textContent = typeof what === "function" ? what() : what;
    }, after);
  }

  now(what) {
    this.say(what, 0);
  }
}
