// Stores the changes to drawings that wait for the server. `uploader.js` says what becomes of them.
//
// A change is { id, content, label, origin }: save this drawing, with this label or without one; { id, takeBack }: remove its
// label; or { id, drop }: delete it unless it has a label. `leaving`: it was sent while its page closed. The newest change of a drawing replaces the one before.
//
// They are in IndexedDB. A write that begins while the page closes can be lost there (seen in Chromium: up to a quarter),
// so what is not written by then goes into localStorage, and from there into IndexedDB by the next page.

import { allOf, inStore, keysOf, OUTBOX } from "../shared/database.js";
import { alone } from "../shared/locks.js";
import { onDevice, recall, remember } from "../shared/storage.js";

const JOURNAL = "inkling.outbox"; // in localStorage; older versions of this page stored all changes there

let newest = 0; // `order` of the newest change of this tab

export class Outbox {
  #user;
  #number;
  #here = new Map(); // id -> change that is not stored yet, or cannot be
  #orders = new Map(); // id -> order of its newest change in this tab

  /** `user` is the id of the account. `number`: its number, which still older versions of this page stored instead. */
  constructor(user, number = null) {
    this.#user = user;
    this.#number = number;
    addEventListener("pagehide", () => this.writeDown());
  }

  get user() {
    return this.#user;
  }

  /** How many changes are lost if this tab is closed. */
  get inThisTab() {
    return this.#here.size;
  }

  /** The changes of this person, the oldest first; those of other people wait until they are back. */
  async items() {
    const isMoved = await this.#move().then(() => true, () => false);
    const written = isMoved ? [] : journal().filter(({ user }) => user === this.#user); // they stay where they are
    const stored = await allOf(OUTBOX, this.#user).catch(() => []);
    const newestOf = new Map();
    for (const item of [...stored, ...written]) {
      if (!(newestOf.get(item.id)?.order >= item.order)) newestOf.set(item.id, item);
      newest = Math.max(newest, item.order || 0); // also after a clock was set back
    }
    const rest = [...newestOf.values()].filter(({ id }) => !this.#here.has(id));
    return [...rest, ...this.#here.values()].sort((one, other) => one.order - other.order);
  }

  /** The order of the newest change of a drawing in this tab; undefined if there was none. */
  orderOf(id) {
    return this.#orders.get(id);
  }

  async find(id) {
    return this.#here.get(id) ?? inStore(OUTBOX, "readonly", (store) => store.get([this.#user, id])).catch(() => undefined);
  }

  /** Returns the order of this change, and a promise that settles when it is stored. */
  put(change) {
    newest = Math.max(newest + 1, Date.now());
    const item = { ...change, user: this.#user, order: newest };
    this.#here.set(item.id, item);
    this.#orders.set(item.id, item.order);
    return { order: item.order, storing: this.#store(item) };
  }

  /** The page is being closed: store what is not stored yet, at once. Pictures are too large for it. */
  writeDown() {
    const unwritten = [...this.#here.values()].filter(({ content }) => !content?.image);
    if (!unwritten.length) return;
    const before = journal().filter(({ user, id }) => user !== this.#user || !this.#here.has(id));
    writeJournal([...before, ...unwritten]);
  }

  async #store(item) {
    try {
      await inStore(OUTBOX, "readwrite", (store) => store.put(item));
    } catch {
      return; // it stays in this tab
    }
    if (this.#here.get(item.id) === item) this.#here.delete(item.id);
  }

  /** Remove a change that was carried out, unless another one has replaced it meanwhile. */
  async remove({ id, order }) {
    if (this.#here.get(id)?.order === order) this.#here.delete(id);
    this.#strike((item) => item.id === id && item.order === order);
    await inStore(OUTBOX, "readwrite", (store) => {
      const found = store.get([this.#user, id]);
      found.onsuccess = () => found.result?.order === order && store.delete([this.#user, id]);
    }).catch(() => {}); // then it is sent once more, which is harmless
  }

  /** Remove all changes of this person. */
  async clear() {
    this.#here.clear();
    this.#strike(() => true);
    await inStore(OUTBOX, "readwrite", (store) => store.delete(keysOf(this.#user)));
  }

  /** Remove changes of this person that are still written down. */
  #strike(isGone) {
    const before = journal();
    const rest = before.filter((item) => item.user !== this.#user || !isGone(item));
    if (rest.length < before.length) writeJournal(rest);
  }

  /** Take over what was written down, of everybody, and what was stored by account number. */
  async #move() {
    if (journal().length) await alone("inkling.outbox.journal", moveJournal);
    if (!this.#number) return;
    const items = await allOf(OUTBOX, this.#number);
    const renamed = items.map((item) => ({ ...item, user: this.#user }));
    if (items.length) await inStore(OUTBOX, "readwrite", (store) => {
      renamed.forEach((item) => putIfNewer(store, item));
      store.delete(keysOf(this.#number));
    });
    this.#number = null;
  }
}

function journal() {
  const items = recall(onDevice, JOURNAL);
  const isKey = (value) => ["string", "number"].includes(typeof value);
  const whole = Array.isArray(items) ? items.filter((item) => isKey(item?.user) && isKey(item.id)) : []; // not damaged
  return whole.map((item, place) => ({ order: place, ...item }));
}

function writeJournal(items) {
  return remember(onDevice, JOURNAL, items.length ? items : null);
}

async function moveJournal() {
  const items = journal();
  await inStore(OUTBOX, "readwrite", (store) => items.forEach((item) => putIfNewer(store, item)));
  const moved = new Set(items.map((item) => JSON.stringify(item)));
  writeJournal(journal().filter((item) => !moved.has(JSON.stringify(item)))); // a page may have been closed meanwhile
}

function putIfNewer(store, item) {
  const found = store.get([item.user, item.id]);
  found.onsuccess = () => (found.result?.order ?? -1) < item.order && store.put(item);
}
