// Drawings that wait for upload. They are saved in the browser before they are sent, so a lost connection,
// a closed tab or a server restart loses nothing. Sending twice is harmless: each drawing has its own identifier.

import { onDevice, recall, remember } from "../shared/storage.js";

const KEY = "inkling.outbox";
const MAX_ITEMS = 50;
const MAX_CHARACTERS = 1_500_000;

/** The list in the browser's storage: {id, user, content, label}. */
export class Outbox {
  #user;

  constructor(user) {
    this.#user = user;
  }

  /** The items of this person; items of other people wait until they are back. */
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
    return all.length <= MAX_ITEMS && JSON.stringify(all).length <= MAX_CHARACTERS && remember(onDevice, KEY, all);
  }

  remove(id) {
    const rest = this.#all().filter((item) => item.id !== id);
    remember(onDevice, KEY, rest.length ? rest : null);
  }

  #all() {
    const all = recall(onDevice, KEY);
    return Array.isArray(all) ? all : [];
  }
}

/** Uploads the items one after the other. Fires "change" when an item was sent or delayed. */
export class Uploader extends EventTarget {
  #api;
  #outbox;
  #queue = Promise.resolve();
  #timer = 0;
  #delay = 2;

  constructor(api, outbox) {
    super();
    this.#api = api;
    this.#outbox = outbox;
  }

  connect() {
    addEventListener("online", () => this.uploadAll());
    if (this.waiting) this.uploadAll();
  }

  get waiting() {
    return this.#outbox.items.length;
  }

  /**
   * Save a drawing and, if given, its label. Resolves to {drawing, correction} when the server has saved
   * it and to {queued: error} when it waits here. Throws an ApiError when the server refuses it.
   */
  upload(item) {
    const stored = !(item.content.image instanceof Blob) && this.#outbox.put(item);
    return this.#enqueue(() => this.#send(item, stored));
  }

  uploadAll() {
    clearTimeout(this.#timer);
    return this.#enqueue(async () => {
      for (const item of this.#outbox.items) {
        const { queued } = await this.#send(item, true).catch((error) => ({ refused: error }));
        if (queued) return;
      }
    });
  }

  /** Remove the label of a drawing, whether it was uploaded or not. */
  removeLabel(id) {
    return this.#enqueue(async () => {
      const item = this.#outbox.find(id);
      if (item) return void this.#outbox.put({ ...item, label: null });
      await this.#api.takeBack(id).catch((error) => {
        if (error.status !== 404) throw error; // never saved, so there is nothing to remove
      });
    });
  }

  /** Delete a drawing that another one replaces. */
  replaceDrawing(id) {
    return this.#enqueue(async () => {
      this.#outbox.remove(id);
      const { correction } = await this.#api.drawing(id);
      if (!correction) await this.#api.delete(id); // otherwise it was labelled in another tab: keep it
    }).catch(() => {}); // it may never have arrived; at worst it stays in "My drawings"
  }

  /** The page is being closed: save the item and send it without waiting. */
  leave(item) {
    const { id, content } = item;
    if (content.image instanceof Blob) return;
    this.#outbox.put(item);
    this.#api.keep({ ...content, id }, { leaving: true }).catch(() => {}); // it is saved: the next visit sends it
  }

  #enqueue(work) {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
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
    this.#delay = 2;
    this.#outbox.remove(id);
    this.dispatchEvent(new Event("change"));
  }

  #later(error) {
    clearTimeout(this.#timer);
    if (error.isPassing) {
      this.#timer = setTimeout(() => this.uploadAll(), Math.max(error.retryAfter, this.#delay) * 1000);
      this.#delay = Math.min(this.#delay * 2, 60);
    }
    this.dispatchEvent(new Event("change"));
    return { queued: error };
  }
}
