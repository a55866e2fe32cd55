// What was decided and is not with the server yet: sent one after the other, kept over errors and a reload.

import { send } from "./steps.js";
import { recall, remember } from "../shared/storage.js";

const KEY = "inkling.review";
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000];

export class Outbox {
  #steps = [];
  #busy = false;
  #tries = 0;
  #timer = 0;
  #told;

  /** `told` hears of `taken(step, answer)`, `refused(step, detail)`, `stuck(kind)` and `changed()`. */
  constructor(told) {
    this.#told = told;
  }

  connect() {
    this.#steps = (recall(sessionStorage, KEY) ?? []).map((step) => ({ ...step, sending: false }));
    addEventListener("online", () => this.retry());
    addEventListener("beforeunload", (event) => this.isStuck && event.preventDefault());
    this.#changed();
    this.#work();
  }

  /** A step is `{ id, said, address, fields }`; `of` is the step whose decision it takes back, `skips` none to take back. */
  add(step) {
    this.#steps.push(step);
    this.#changed();
    this.#work();
    return step;
  }

  /** Take a step out that is not under way; returns whether that was possible. */
  cancel(step) {
    const at = this.#steps.indexOf(step);
    if (at < 0 || step.sending) return false;
    this.#steps.splice(at, 1);
    this.#changed();
    return true;
  }

  get size() {
    return this.#steps.length;
  }

  /** The corrections that they are about. */
  get ids() {
    return this.#steps.map(({ id }) => id);
  }

  get isStuck() {
    return this.#tries > 0 && this.#steps.length > 0;
  }

  retry() {
    clearTimeout(this.#timer);
    this.#work();
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    while (this.#steps.length && (await this.#send(this.#steps[0]))) this.#changed();
    this.#busy = false;
  }

  /** Returns whether the next one may follow. */
  async #send(step) {
    step.sending = true;
    try {
      const answer = await send(step.address, fieldsOf(step));
      this.#done(() => this.#told.taken(step, answer));
    } catch (error) {
      step.sending = false;
      if (error.kind !== "refused") return this.#wait(error);
      this.#done(() => this.#told.refused(step, error.detail));
    }
    return true;
  }

  #done(tell) {
    this.#tries = 0;
    this.#steps.shift();
    tell();
  }

  #wait(error) {
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)];
    this.#tries += 1;
    if (error.isPassing) this.#timer = setTimeout(() => this.#work(), pause);
    this.#told.stuck(error.kind);
    return false;
  }

  #changed() {
    const kept = this.#steps.map(({ id, said, address, fields, number, skips }) => ({ id, said, address, fields, number, skips }));
    remember(sessionStorage, KEY, kept.length ? kept : null);
    this.#told.changed();
  }
}

/** Taking back names what was said, whose number may have come only now. */
function fieldsOf({ fields, of, number }) {
  const named = of?.number ?? number;
  return named?.[1] ? [...fields, named] : fields;
}
