// The personal memory on this device: a copy of what the server remembers of one person, so that answers without a connection
// are adjusted in the same way. It is in IndexedDB, and deleted when the person signs out.

import { inStore, MEMORY } from "../shared/database.js";
import { adjustAnswer, buildMemory, unpackFloats } from "../model/personal_memory.js";
import { accountHere } from "./account.js";

const AFTER_MS = 1000; // a label was saved: the server embeds the drawing

/** For one person; without `user` it does nothing. */
export class MemoryHere {
  #user;
  #address;
  #timers = new Map(); // slug of a recognizer -> timer of the next renewal
  #held = new Map(); // slug of a recognizer -> { version, labels, drawings, memory }, or null

  /** `memory`: the address of the copies, up to the recognizer's slug. */
  constructor({ user, memory }) {
    this.#user = user;
    this.#address = memory;
  }

  /** Read what is here, then ask the server for what is new. */
  async use(recognizer) {
    if (!this.#user) return;
    if (!this.#held.has(recognizer)) {
      const stored = await this.#stored(recognizer);
      try {
        this.#hold(recognizer, stored);
      } catch {
        this.#hold(recognizer, null); // it was damaged: the server has another copy
      }
    }
    await this.#renew(recognizer);
  }

  /** A label of this recognizer was saved. */
  saved(recognizer) {
    if (!this.#user) return;
    clearTimeout(this.#timers.get(recognizer)); // many may be saved at once
    this.#timers.set(recognizer, setTimeout(() => this.#renew(recognizer), AFTER_MS));
  }

  /** A label that the server does not know yet: the next answers here use it. */
  remember(recognizer, id, label, answer) {
    const held = this.#held.get(recognizer);
    if (!held?.on || held.version !== answer?.model_version || !answer.embedding || !held.labels.includes(label)) return;
    const drawings = held.drawings.filter((drawing) => drawing.id !== id);
    const guesses = answer.personal.model?.guesses ?? answer.guesses;
    drawings.push({ id, label, embedding: answer.embedding, probabilities: inOrder(guesses, held.labels) });
    this.#hold(recognizer, { ...held, drawings, revision: null }); // until the server's copy comes
    this.#store(recognizer);
  }

  /** The label of this drawing was removed. */
  forget(recognizer, id) {
    const held = this.#held.get(recognizer);
    const drawings = held?.drawings.filter((drawing) => drawing.id !== id);
    if (!held || drawings.length === held.drawings.length) return;
    this.#hold(recognizer, { ...held, drawings, revision: null });
    this.#store(recognizer);
  }

  /** The answer of a model on this device, adjusted, unless the person has signed out in another tab. `unsureBelow`: the recognizer's threshold. */
  adjust(answer, unsureBelow) {
    const held = this.#held.get(answer.recognizer);
    if (!held?.memory || accountHere() !== this.#user || held.version !== answer.model_version || !answer.embedding) return answer;
    const found = adjustAnswer(held.memory, inOrder(answer.guesses, held.labels), answer.embedding);
    if (!found) return answer;
    const byLabel = new Map(held.labels.map((label, i) => [label, found.probabilities[i]]));
    const guesses = answer.guesses.map((guess) => ({ ...guess, probability: Math.round(byLabel.get(guess.label) * 10_000) / 10_000 }));
    guesses.sort((one, other) => byLabel.get(other.label) - byLabel.get(one.label));
    const unsure = byLabel.get(guesses[0].label) < unsureBelow;
    const model = { guesses: answer.guesses, unsure: answer.unsure };
    const changed = guesses[0].label !== model.guesses[0].label || unsure !== model.unsure;
    const because = found.because.map((row) => held.drawings[row].id);
    return { ...answer, guesses, unsure, personal: { used: true, changed, because, model } };
  }

  async #stored(recognizer) {
    return inStore(MEMORY, "readonly", (store) => store.get([this.#user, recognizer])).catch(() => null);
  }

  async #renew(recognizer) {
    const { revision = null } = this.#held.get(recognizer) ?? {};
    const response = await fetch(`${this.#address}${recognizer}/device${revision === null ? "" : `?have=${revision}`}`, { cache: "no-store" }).catch(() => null);
    if (response?.status !== 200) return; // offline, unchanged, or signed out
    const copy = await response.json().catch(() => null); // the connection broke
    if (copy?.account !== this.#user) return;
    const { account, drawings, ...rest } = copy;
    this.#hold(recognizer, { ...rest, drawings: drawings.map((drawing) => unpacked(drawing, rest.labels.length)) });
    this.#store(recognizer);
  }

  #hold(recognizer, copy) {
    const drawings = (copy?.drawings ?? []).map((each) => ({ ...each, label: copy.labels.indexOf(each.label) }));
    this.#held.set(recognizer, copy && { ...copy, memory: copy.on && drawings.length ? buildMemory(drawings) : null });
  }

  /** Not after the person has signed out, as in another tab: what is here about them was deleted then. */
  #store(recognizer) {
    if (accountHere() !== this.#user) return;
    const { memory, ...copy } = this.#held.get(recognizer);
    inStore(MEMORY, "readwrite", (store) => store.put({ ...copy, user: this.#user, recognizer })).catch(() => {});
  }
}

function unpacked({ id, label, packed }, outputs) {
  const row = unpackFloats(packed);
  return { id, label, embedding: row.slice(0, -outputs), probabilities: Array.from(row.slice(-outputs)) };
}

function inOrder(guesses, labels) {
  const byLabel = new Map(guesses.map(({ label, probability }) => [label, probability]));
  return labels.map((label) => byLabel.get(label) ?? 0);
}
