// Requests predictions while the user draws: one request at a time, always with the newest ink; late answers are dropped.
// After a failure it asks again by itself.

import { Retry } from "../shared/retry.js";

const EVERY_MS = 150;

/**
 * Fires "answer" (detail: the answer), "problem" (detail: the ApiError about this drawing), "trouble" (detail: the
 * ApiError and how many attempts failed) while there is no answer for another reason, and "recovered".
 */
export class Predictor extends EventTarget {
  #api;
  #retry = new Retry(() => this.#retried());
  #next = null; // () => content
  #busy = false;
  #timer = 0;
  #generation = 0;
  #notBefore = 0;
  #failures = 0; // since the last answer

  constructor(api) {
    super();
    this.#api = api;
  }

  connect() {
    this.#retry.connect();
  }

  /** Whether another request will follow. */
  get hasMore() {
    return this.#next !== null;
  }

  /** Whether there is no answer for now, because the last attempt failed. */
  get isAway() {
    return this.#retry.waits;
  }

  /** `content` is called when the request is sent, so that it contains the newest ink. */
  ask(content) {
    this.#next = content;
    if (!this.#retry.waits) this.#schedule();
  }

  /** Do not wait for the next attempt. */
  retry() {
    this.#retry.now();
  }

  /** Drop the waiting request and ignore the answer to the one in progress. */
  cancel() {
    this.#generation += 1;
    this.#next = null;
  }

  #retried() {
    if (this.#next) this.#schedule();
    else this.#recovered(); // nothing to ask for: the next drawing shows whether the server is back
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
      this.#recovered();
      if (generation === this.#generation) this.#fire("answer", answer);
    } catch (error) {
      this.#failed(error, content, generation === this.#generation);
    } finally {
      this.#busy = false;
      if (this.#next && !this.#retry.waits) this.#schedule();
    }
  }

  #failed(error, content, isCurrent) {
    if (error.canWait) {
      if (isCurrent) this.#next ??= content;
      this.#failures += 1;
      this.#retry.after(error);
      return this.#fire("trouble", { error, failures: this.#failures });
    }
    this.#recovered();
    if (isCurrent) this.#fire("problem", error);
  }

  #recovered() {
    this.#retry.done();
    if (this.#failures) this.#fire("recovered");
    this.#failures = 0;
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
