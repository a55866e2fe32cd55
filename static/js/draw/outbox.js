// Drawings on their way to the server. They are written down here before they are sent, so a lost
// connection, a closed tab or a server that restarts loses nothing. Sending twice is harmless:
// every drawing carries its own identifier.

import { recall, remember } from "../shared/storage.js";

const KEY = "inkling.outbox";
const MOST_ITEMS = 50;
const MOST_CHARACTERS = 1_500_000;

/** The list in the browser's storage: {id, user, content, label}. */
export class Outbox {
  #user;

  constructor(user) {
    this.#user = user;
  }

  /** Those of this person; another person's wait until that person is back. */
  get items() {
    return this.#all().filter((item) => item.user === this.#user);
  }

  find(id) {
    return this.items.find((item) => item.id === id);
  }

  /** Returns whether there was room. */
  put(item) {
    const others = this.#all().filter((each) => each.id !== item.id);
    const all = [...others, { ...item, user: this.#user }];
    return all.length <= MOST_ITEMS && JSON.stringify(all).length <= MOST_CHARACTERS && remember(localStorage, KEY, all);
  }

  remove(id) {
    const rest = this.#all().filter((item) => item.id !== id);
    remember(localStorage, KEY, rest.length ? rest : null);
  }

  #all() {
    const all = recall(localStorage, KEY);
    return Array.isArray(all) ? all : [];
  }
}

/** Sends what is in the outbox, one after the other. Fires "change" when something left it. */
export class Postman extends EventTarget {
  #api;
  #outbox;
  #line = Promise.resolve();
  #timer = 0;
  #patience = 2;

  constructor(api, outbox) {
    super();
    this.#api = api;
    this.#outbox = outbox;
  }

  connect() {
    addEventListener("online", () => this.deliverAll());
    if (this.waiting) this.deliverAll();
  }

  get waiting() {
    return this.#outbox.items.length;
  }

  /**
   * Keep a drawing and, with a label, what its author says it is. Gives {drawing, correction} when
   * the server has it, {queued: error} when it waits here, and throws an ApiError when the server
   * will never take it.
   */
  deliver(item) {
    const stored = !(item.content.image instanceof Blob) && this.#outbox.put(item);
    return this.#inLine(() => this.#send(item, stored));
  }

  deliverAll() {
    clearTimeout(this.#timer);
    return this.#inLine(async () => {
      for (const item of this.#outbox.items) {
        const { queued } = await this.#send(item, true).catch((error) => ({ refused: error }));
        if (queued) return;
      }
    });
  }

  /** Take back what was said about a drawing, wherever it is by now. */
  takeBack(id) {
    return this.#inLine(async () => {
      const item = this.#outbox.find(id);
      if (item) return void this.#outbox.put({ ...item, label: null });
      await this.#api.takeBack(id).catch((error) => {
        if (error.status !== 404) throw error; // what was never kept has nothing to take back
      });
    });
  }

  /** A drawing that another one takes the place of. */
  forget(id) {
    return this.#inLine(async () => {
      this.#outbox.remove(id);
      const { correction } = await this.#api.drawing(id);
      if (!correction) await this.#api.delete(id); // else it was answered elsewhere, and counts
    }).catch(() => {}); // it may never have arrived; at worst it stays in "My drawings", where it can be deleted
  }

  /** The page is going away: write it down and send it off without waiting. */
  leave(item) {
    const { id, content } = item;
    if (content.image instanceof Blob) return;
    this.#outbox.put(item);
    this.#api.keep({ ...content, id }, { leaving: true }).catch(() => {}); // it is written down: the next visit sends it
  }

  #inLine(work) {
    const done = this.#line.then(work);
    this.#line = done.catch(() => {});
    return done;
  }

  async #send(item, stored) {
    const { id, content, label } = stored ? (this.#outbox.find(item.id) ?? item) : item;
    try {
      const drawing = await this.#api.keep({ ...content, id });
      const correction = label ? await this.#api.correct(id, label) : drawing.correction;
      this.#sent(id);
      return { drawing, correction };
    } catch (error) {
      if (stored && (error.isPassing || error.needsSignIn)) return this.#later(error);
      this.#sent(id);
      throw error;
    }
  }

  #sent(id) {
    this.#patience = 2;
    this.#outbox.remove(id);
    this.dispatchEvent(new Event("change"));
  }

  #later(error) {
    clearTimeout(this.#timer);
    if (error.isPassing) {
      this.#timer = setTimeout(() => this.deliverAll(), Math.max(error.retryAfter, this.#patience) * 1000);
      this.#patience = Math.min(this.#patience * 2, 60);
    }
    this.dispatchEvent(new Event("change"));
    return { queued: error };
  }
}
