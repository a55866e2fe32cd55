// Requests predictions while the user draws: one request at a time, always with the newest ink; late answers are dropped.

const EVERY_MS = 150;

/** Fires "answer" (detail: the answer), "problem" (detail: the ApiError) and "pause" (detail: seconds). */
export class Predictor extends EventTarget {
  #api;
  #next = null; // () => content
  #busy = false;
  #timer = 0;
  #generation = 0;
  #notBefore = 0;

  constructor(api) {
    super();
    this.#api = api;
  }

  /** Whether another request will follow. */
  get hasMore() {
    return this.#next !== null;
  }

  /** `content` is called when the request is sent, so that it contains the newest ink. */
  ask(content) {
    this.#next = content;
    this.#schedule();
  }

  /** Drop the waiting request and ignore the answer to the one in progress. */
  cancel() {
    this.#generation += 1;
    this.#next = null;
  }

  #schedule() {
    if (this.#busy || this.#timer) return;
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#notBefore - performance.now()));
  }

  async #ask() {
    this.#timer = 0;
    const content = this.#next;
    if (!content) return;
    const generation = this.#generation;
    this.#next = null;
    this.#busy = true;
    this.#notBefore = performance.now() + EVERY_MS;
    try {
      const answer = await this.#api.predict(content());
      if (generation === this.#generation) this.#fire("answer", answer);
    } catch (error) {
      if (generation === this.#generation) this.#failed(error, content);
    } finally {
      this.#busy = false;
      if (this.#next) this.#schedule();
    }
  }

  #failed(error, content) {
    if (error.status !== 429) return this.#fire("problem", error);
    const seconds = error.retryAfter || 1;
    this.#notBefore = performance.now() + seconds * 1000;
    this.#next ??= content;
    this.#fire("pause", seconds);
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
