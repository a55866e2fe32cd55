// Claims and fetches the next drawings before they are shown.

import { Retry } from "../shared/retry.js";
import { send } from "./steps.js";

const FEW = 4; // with fewer cards, more are fetched
const FRESH_MS = 4 * 60_000; // a claim lasts five minutes

export class Prefetch {
  #cards = []; // { form, at }
  #address;
  #page;
  #busy = false;
  #retry = new Retry(() => this.fill());
  #then;

  /** `page` gives `fields()` to send and `have()`, the ids that must not come again, and has the callbacks `answered(answer)`, `arrived()`, `empty()` and `stuck(kind)`. */
  constructor(address, then, page) {
    this.#address = address;
    this.#then = then;
    this.#page = page;
    this.#retry.connect();
  }

  get ids() {
    return this.#cards.map(({ form }) => form.dataset.card);
  }

  /** The form of the next card that is surely still claimed, if there is one. */
  take() {
    const oldest = Date.now() - FRESH_MS;
    this.#cards = this.#cards.filter(({ at }) => at > oldest);
    return this.#cards.shift()?.form;
  }

  putBack(form) {
    this.#cards.unshift({ form, at: Date.now() });
  }

  drop(id) {
    this.#cards = this.#cards.filter(({ form }) => form.dataset.card !== id);
  }

  async fill() {
    if (this.#busy || this.#cards.length >= FEW) return;
    this.#busy = true;
    let answer;
    try {
      answer = await send(this.#address, this.#fields());
      this.#retry.done();
    } catch (error) {
      this.#retry.after(error);
      this.#page.stuck(error.kind);
    }
    this.#busy = false;
    if (answer) this.#use(answer);
  }

  #fields() {
    const have = this.#page.have().map((id) => ["have", id]);
    return [...this.#page.fields(), ...have, ...this.#then.slice(0, FEW).map((id) => ["then", id])];
  }

  #use({ cards, ...answer }) {
    this.#page.answered(answer);
    const have = new Set(this.#page.have());
    const fresh = cards.filter(({ id }) => !have.has(String(id)));
    this.#then = this.#then.slice(FEW); // what did not come is not available
    this.#cards.push(...fresh.map(({ html }) => ({ form: toForm(html), at: Date.now() })));
    if (cards.length) this.#page.arrived();
    else this.#page.empty();
  }
}

/** The form in HTML that the server sent. */
export function toForm(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("form");
}
