// The next drawings, claimed and fetched before they are wanted.

import { send } from "./steps.js";

const FEW = 4; // with fewer than these, more are fetched
const FRESH_MS = 4 * 60_000; // a claim holds five minutes

export class Ahead {
  #sheets = []; // { form, at }
  #address;
  #told;
  #busy = false;
  #then;

  /** `told` gives `fields()` and `have()`, which are its own and must not come again, and hears of `arrived(waiting)`, `empty()` and `stuck(kind)`. */
  constructor(address, then, told) {
    this.#address = address;
    this.#then = then;
    this.#told = told;
  }

  get ids() {
    return this.#sheets.map(({ form }) => form.dataset.desk);
  }

  /** The next one, which is not too old to be still claimed; nothing where none is here. */
  take() {
    const oldest = Date.now() - FRESH_MS;
    this.#sheets = this.#sheets.filter(({ at }) => at > oldest);
    return this.#sheets.shift()?.form;
  }

  putBack(form) {
    this.#sheets.unshift({ form, at: Date.now() });
  }

  drop(id) {
    this.#sheets = this.#sheets.filter(({ form }) => form.dataset.desk !== id);
  }

  async fill() {
    if (this.#busy || this.#sheets.length >= FEW) return;
    this.#busy = true;
    let answer;
    try {
      answer = await send(this.#address, this.#fields());
    } catch (error) {
      this.#told.stuck(error.kind);
    }
    this.#busy = false;
    if (answer) this.#use(answer);
  }

  #fields() {
    const have = this.#told.have().map((id) => ["have", id]);
    return [...this.#told.fields(), ...have, ...this.#then.slice(0, FEW).map((id) => ["then", id])];
  }

  #use({ sheets, waiting }) {
    const have = new Set(this.#told.have());
    const fresh = sheets.filter(({ id }) => !have.has(String(id)));
    this.#then = this.#then.slice(FEW); // what did not come is not to be had
    this.#sheets.push(...fresh.map(({ html }) => ({ form: toForm(html), at: Date.now() })));
    if (sheets.length) this.#told.arrived(waiting);
    else this.#told.empty(waiting);
  }
}

/** A form of the server's own page, as a node. */
export function toForm(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("form");
}
