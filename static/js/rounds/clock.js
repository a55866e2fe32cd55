// The time of one drawing. It stands still while the page is hidden.

const TICK_MS = 200;

/** Fires "tick" (detail: seconds that are left, rounded up) and "up". */
export class Clock extends EventTarget {
  #left = 0;
  #since = 0;
  #timer = 0;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#hold() : this.#go()));
  }

  start(seconds) {
    this.stop();
    this.#left = seconds * 1000;
    this.#go();
    this.#tell();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = this.#left = 0;
  }

  #go() {
    if (this.#left <= 0 || this.#timer || document.hidden) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #hold() {
    if (!this.#timer) return;
    this.#tick();
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #tick() {
    const now = performance.now();
    this.#left -= now - this.#since;
    this.#since = now;
    if (this.#left > 0) return this.#tell();
    this.stop();
    this.dispatchEvent(new Event("up"));
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("tick", { detail: Math.ceil(this.#left / 1000) }));
  }
}
