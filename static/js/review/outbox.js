// Decisions that are not sent yet. They are sent one after the other, and survive errors and a reload.

import { send } from "./steps.js";
import { inTab, recall, remember } from "../shared/storage.js";

const KEY = "inkling.review";
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000];

export class Outbox {
  #steps = [];
  #busy = false;
  #tries = 0;
  #timer = 0;
  #events;

  /** `events` has the callbacks `saved(step, answer)`, `refused(step, detail)`, `stuck(kind)` and `changed()`. */
  constructor(events) {
    this.#events = events;
  }

  connect() {
    this.#steps = (recall(inTab, KEY) ?? []).map((step) => ({ ...step, sending: false }));
    addEventListener("online", () => this.retry());
    addEventListener("beforeunload", (event) => this.isStuck && event.preventDefault());
    this.#changed();
    this.#work();
  }

  /** A step is `{ id, summary, address, fields, skips }`. An undo also has `undoes`, the step of the decision, or else `field`, which names it. */
  add(step) {
    this.#steps.push(step);
    this.#changed();
    this.#work();
    return step;
  }

  /** Remove a step that is not being sent. Returns whether that was possible. */
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

  /** The ids of their corrections. */
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

  /** Returns whether the next step can be sent. */
  async #send(step) {
    step.sending = true;
    try {
      const answer = await send(step.address, fieldsOf(step));
      this.#done(() => this.#events.saved(step, answer));
    } catch (error) {
      step.sending = false;
      if (error.kind !== "refused") return this.#wait(error);
      this.#done(() => this.#events.refused(step, error.detail));
    }
    return true;
  }

  #done(report) {
    this.#tries = 0;
    this.#steps.shift();
    report();
  }

  #wait(error) {
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)];
    this.#tries += 1;
    if (error.isTemporary) this.#timer = setTimeout(() => this.#work(), pause);
    this.#events.stuck(error.kind);
    return false;
  }

  #changed() {
    const unsent = this.#steps.map(({ id, summary, address, fields, field, skips }) => ({ id, summary, address, fields, field, skips }));
    remember(inTab, KEY, unsent.length ? unsent : null);
    this.#events.changed();
  }
}

/** An undo names the decision, whose id came with the answer to its own step. */
function fieldsOf({ fields, undoes, field }) {
  const named = undoes?.field ?? field;
  return named?.[1] ? [...fields, named] : fields;
}
