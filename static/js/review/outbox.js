// Decisions that are not sent yet. They are sent one after the other, and survive errors and a reload.

import { send } from "./steps.js";
import { Retry } from "../shared/retry.js";
import { inTab, recall, remember } from "../shared/storage.js";

const KEY = "inkling.review."; // and the account whose decisions they are

export class Outbox {
  #steps = [];
  #busy = false;
  #retry = new Retry(() => this.#work());
  #key;
  #events;

  /** `actingFor` is the account that decides. `events` has the callbacks `saved(step, answer)`, `refused(step, detail)`, `stuck(kind)` and `changed()`. */
  constructor(actingFor, events) {
    this.#key = KEY + actingFor;
    this.#events = events;
  }

  connect() {
    this.#steps = (recall(inTab, this.#key) ?? []).map((step) => ({ ...step, sending: false }));
    this.#retry.connect();
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

  /** The ids of the corrections that the steps decide. */
  get decided() {
    return this.#steps.filter(({ skips, undoes, field }) => !skips && !undoes && !field).map(({ id }) => id);
  }

  get isUndoing() {
    return this.#steps.some(({ undoes, field }) => undoes || field);
  }

  get isStuck() {
    return this.#retry.waits && this.#steps.length > 0;
  }

  retry() {
    this.#retry.now();
  }

  async #work() {
    if (this.#busy) return;
    this.#busy = true;
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
    this.#retry.done();
    this.#steps.shift();
    report();
  }

  #wait(error) {
    this.#retry.after(error);
    this.#events.stuck(error.kind);
    return false;
  }

  #changed() {
    const unsent = this.#steps.map(({ id, summary, address, fields, field, skips }) => ({ id, summary, address, fields, field, skips }));
    remember(inTab, this.#key, unsent.length ? unsent : null);
    this.#events.changed();
  }
}

/** An undo names the decision, whose id came with the answer to its own step. */
function fieldsOf({ fields, undoes, field }) {
  const named = undoes?.field ?? field;
  return named?.[1] ? [...fields, named] : fields;
}
