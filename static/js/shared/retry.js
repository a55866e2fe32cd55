// When to ask the server again after a failure: after a pause that grows, and at once when the device is online again
// or somebody comes back to the page.

const FIRST_S = 1;
const LONGEST_S = 30;

export class Retry {
  #again;
  #timer = 0;
  #pause = FIRST_S;
  #waits = false;
  #notBefore = 0; // the server asked for it

  /** `again` is called when it is time. */
  constructor(again) {
    this.#again = again;
  }

  connect() {
    for (const type of ["online", "focus", "pageshow"]) addEventListener(type, () => this.#comeBack());
    document.addEventListener("visibilitychange", () => document.hidden || this.#comeBack());
  }

  /** Whether a failure waits for the next attempt. */
  get waits() {
    return this.#waits;
  }

  /** Time alone does not mend every error: signing in again, for example, is up to the person, who then comes back. */
  after(error) {
    this.#stop();
    this.#waits = true;
    this.#notBefore = performance.now() + error.retryAfter * 1000;
    if (!error.isPassing) return;
    const seconds = Math.max(error.retryAfter, this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(2 * this.#pause, LONGEST_S);
    this.#timer = setTimeout(() => this.now(), seconds * 1000);
  }

  now() {
    if (!this.#waits) return;
    this.#stop();
    this.#again();
  }

  done() {
    this.#stop();
    this.#pause = FIRST_S;
  }

  #comeBack() {
    if (performance.now() >= this.#notBefore) this.now();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#waits = false;
  }
}
