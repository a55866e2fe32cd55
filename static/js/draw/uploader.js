// Carries out the changes that wait in the outbox, one after the other, in the order in which they were made. They are
// stored before they are sent, so a lost connection, a closed tab or a server that restarts loses nothing. One tab sends
// at a time. Sending twice is harmless: each drawing has its own id.

import { ApiError } from "../api.js";
import { alone } from "../shared/locks.js";
import { Retry } from "../shared/retry.js";

const ON_ITS_WAY_MS = 1000; // so long a request may take whose page was closed, or whose connection was cut

/**
 * Fires "change" when a change was carried out or has to wait, "refused" (detail: {id, error}) for a drawing that waited
 * and was then refused, "delivered" (detail: {recognizer}, if it is known) for a change that waited and was carried out.
 */
export class Uploader extends EventTarget {
  #api;
  #outbox;
  #queue = Promise.resolve();
  #retry = new Retry(() => this.uploadAll());
  #error = null;
  #awaited = new Map(); // order -> what became of a change for which somebody waits: null until it was tried
  #waiting = { count: 0, inThisTab: 0 };

  constructor(api, outbox) {
    super();
    this.#api = api;
    this.#outbox = outbox;
  }

  /** Send what waits. Resolves when it was tried. */
  connect() {
    this.#retry.connect();
    return this.uploadAll();
  }

  /** Why changes wait: the ApiError, or null. */
  get error() {
    return this.#error;
  }

  /** How many drawings wait, and how many of them are lost if this tab is closed. */
  get waiting() {
    return this.#waiting;
  }

  /** Settles when everything that was asked for until now was tried. */
  get idle() {
    return this.#queue;
  }

  /**
   * Save a drawing and, if given, its label. Resolves to {drawing, correction} when the server has saved
   * it and to {queued: error} when it waits. Throws an ApiError when the server refuses it. `replaced`: the id of
   * a drawing that is deleted after that.
   */
  upload(item, replaced = null) {
    const saving = this.#change(item);
    return replaced ? Promise.all([saving, this.drop(replaced)]).then(([saved]) => saved) : saving;
  }

  /** Remove the label of a drawing, whether it was uploaded or not. A newer label stays. */
  async removeLabel(id) {
    const order = this.#outbox.orderOf(id);
    const waits = await this.#outbox.find(id);
    if (this.#outbox.orderOf(id) !== order) return null; // it was labelled meanwhile
    return this.#change({ ...waits, id, label: null, takeBack: true, isOnItsWay: Boolean(waits?.label) });
  }

  /** Delete a drawing that was saved by itself and is cleared or replaced by another one. */
  async drop(id) {
    const waits = await this.#outbox.find(id);
    const content = waits?.leaving ? waits.content : null;
    return this.#change({ id, content, drop: true }).catch(() => {}); // at worst it stays in My drawings
  }

  /** Do not wait for the next attempt. */
  retry() {
    this.#retry.now();
  }

  uploadAll() {
    return this.#enqueue(() => this.#deliver());
  }

  /** The page is being closed: store the drawing and send it without waiting. `replaced`: the id of one to delete. */
  leave(item, replaced) {
    const { id, content } = item;
    this.#outbox.put({ ...item, leaving: true });
    if (replaced) this.#outbox.put({ id: replaced, drop: true });
    this.#outbox.writeDown();
    this.#api.keep({ ...content, id }, { leaving: true }).catch(() => {}); // it is stored: the next visit sends it
  }

  #change(item) {
    const { order, storing } = this.#outbox.put(item);
    this.#awaited.set(order, null);
    return this.#enqueue(() => storing.then(() => this.#outcome(item.id, order)));
  }

  #enqueue(work) {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #outcome(id, order) {
    await this.#deliver();
    const outcome = this.#awaited.get(order) ?? (await this.#outcomeElsewhere(id));
    this.#awaited.delete(order);
    if (outcome.refused) throw outcome.refused;
    return outcome;
  }

  async #deliver() {
    await alone(`inkling.outbox.${this.#outbox.user}`, () => this.#sendAll());
    this.#waiting = { count: (await this.#outbox.items()).length, inThisTab: this.#outbox.inThisTab };
    this.dispatchEvent(new Event("change"));
  }

  async #sendAll() {
    let first = null; // the first error of a change that has to wait
    let queued = null; // the same, if the changes after it have to wait too
    for (const change of await this.#outbox.items()) {
      const outcome = queued ? { queued } : await this.#send(change);
      if (this.#awaited.has(change.order)) this.#awaited.set(change.order, outcome);
      else if (outcome.refused) this.#toldLate(change, outcome.refused);
      else if (!outcome.queued) this.#fire("delivered", { recognizer: change.content?.recognizer });
      first ??= outcome.queued;
      if (outcome.queued && outcome.queued.status !== 500) queued = outcome.queued; // a 500 may be about this drawing alone
    }
    this.#error = first ?? null;
    if (first) this.#retry.after(first);
    else this.#retry.done();
  }

  /** Returns {drawing, correction}, {queued: error} or {refused: error}. */
  async #send(change) {
    try {
      const saved = await this.#carryOut(change);
      await this.#outbox.remove(change);
      return saved;
    } catch (thrown) {
      const error = thrown instanceof ApiError ? thrown : unexpected(thrown);
      if (error.canWait) return { queued: error };
      await this.#outbox.remove(change);
      if (error.code === "drawing_deleted" && !change.label) return { drawing: null, correction: null }; // as its author wants it
      return { refused: error };
    }
  }

  async #carryOut({ id, content, label, origin, takeBack, drop, isOnItsWay }) {
    // A drawing that was sent while its page closed may still be on its way: what is deleted then does not come back.
    const drawing = content ? await this.#keep(content, id) : null;
    if (drop) return this.#drop(id);
    if (takeBack) {
      await this.#api.takeBack(id).catch(ignoreMissing);
      if (isOnItsWay) await this.#takeBackAgain(id);
      return { drawing, correction: null };
    }
    return { drawing, correction: label ? await this.#api.correct(id, label, { origin }) : (drawing?.correction ?? null) };
  }

  /** If the server does not have the version that answered on this device any more, its own answer is saved. */
  async #keep(content, id) {
    if (content.image) await checkReadable(content.image);
    return this.#api.keep({ ...content, id }).catch((error) => {
      if (!content.on_device || !["unknown_version", "version_unavailable"].includes(error.code)) throw error;
      return this.#api.keep({ ...content, id, on_device: undefined });
    });
  }

  /** The request with the label has had no answer: the server may carry it out after the removal. */
  async #takeBackAgain(id) {
    await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY_MS));
    await this.#api.takeBack(id).catch(ignoreMissing);
  }

  async #drop(id) {
    const drawing = await this.#api.drawing(id).catch(ignoreMissing);
    if (drawing && !drawing.correction) await this.#api.delete(id).catch(ignoreMissing); // else it was labelled in another tab
    return { drawing: null, correction: null };
  }

  /** Another tab has sent this change, or a newer one replaced it: ask the server what became of the drawing. */
  async #outcomeElsewhere(id) {
    try {
      const drawing = await this.#api.drawing(id);
      return { drawing, correction: drawing.correction };
    } catch (error) {
      return error.canWait ? { queued: error } : { refused: error };
    }
  }

  /** What its author has deleted meanwhile need not be reported. */
  #toldLate({ id, content }, error) {
    if (content && error.code !== "drawing_deleted") this.#fire("refused", { id, error });
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A change that this page cannot carry out, as if it was damaged on this device. It waits, and lets the others pass. */
function unexpected({ message }) {
  return new ApiError(500, { code: "internal_error", detail: message });
}

/** A browser can lose the bytes of a stored picture: sending it would fail like a lost connection, again and again. */
async function checkReadable(image) {
  const isReadable = image instanceof Blob && (await image.slice(0, 1).arrayBuffer().then(() => true, () => false));
  if (!isReadable) throw new ApiError(400, { code: "invalid_image", detail: "The picture cannot be read any more." });
}

/** What does not exist needs no change. */
function ignoreMissing(error) {
  if (error.status !== 404) throw error;
  return null;
}
