// Asks the model while one draws: one question at a time, the newest ink only, no stale answers.

const EVERY_MS = 150;

/** Fires "answer" (detail: the answer), "problem" (detail: the ApiError) and "pause" (detail: seconds). */
export class Asker extends EventTarget {
  #api;
  #wanted = null; // () => content
  #busy = false;
  #timer = 0;
  #turn = 0;
  #notBefore = 0;

  constructor(api) {
    super();
    this.#api = api;
  }

  /** A newer answer is going to follow the one that came. */
  get hasMore() {
    return this.#wanted !== null;
  }

  /** `content` is called when its turn comes, so that the newest ink is sent. */
  ask(content) {
    this.#wanted = content;
    this.#schedule();
  }

  /** The question has lost its meaning: whatever comes back is not for this sheet. */
  forget() {
    this.#turn += 1;
    this.#wanted = null;
  }

  #schedule() {
    if (this.#busy || this.#timer) return;
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#notBefore - performance.now()));
  }

  async #ask() {
    this.#timer = 0;
    const content = this.#wanted;
    if (!content) return;
    const turn = this.#turn;
    this.#wanted = null;
    this.#busy = true;
    this.#notBefore = performance.now() + EVERY_MS;
    try {
      const answer = await this.#api.predict(content());
      if (turn === this.#turn) this.#tell("answer", answer);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error, content);
    } finally {
      this.#busy = false;
      if (this.#wanted) this.#schedule();
    }
  }

  #failed(error, content) {
    if (error.status !== 429) return this.#tell("problem", error);
    const seconds = error.retryAfter || 1;
    this.#notBefore = performance.now() + seconds * 1000;
    this.#wanted ??= content;
    this.#tell("pause", seconds);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
