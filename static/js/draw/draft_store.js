// Which drawings of a signed-in person are saved, and when.
//
// A drawing is saved when its author labels it, starts another one, or leaves the page; a cleared one is not. It is one
// row in My drawings, in whatever recognizer it was looked at: what was saved before is deleted when the drawing is
// saved again, with more ink or in another recognizer, and when it is cleared.

import { newId } from "../api.js";
import { loadDraft, saveDraft } from "./draft.js";

const LEAVE_MS = 1500; // how long a link waits until the drawing is saved

const isBlank = (state) => !state.strokes.length && !state.picture;

export class DraftStore {
  #sheet;
  #uploader;
  #recognizer;
  #user;
  #userNumber;
  #ids = new Map(); // recognizer -> WeakMap of state -> id: the same ink in the same recognizer has one id
  #saved = new Set(); // ids that were sent
  #dropped = new Set(); // ids that were deleted; should their ink come back, it gets another one
  #answeredHere;
  #row = null; // id of the unlabelled drawing in My drawings that the next save replaces

  /** Without a user nothing is uploaded, but an unfinished drawing still survives a reload. `userNumber`: see Outbox. `answeredHere`: gives the version whose answer on this device is on display, or null. */
  constructor({ sheet, uploader, recognizer, user, userNumber, answeredHere }) {
    this.#sheet = sheet;
    this.#answeredHere = answeredHere;
    this.#uploader = uploader;
    this.#recognizer = recognizer;
    this.#user = user;
    this.#userNumber = userNumber;
  }

  connect() {
    this.#sheet.addEventListener("change", (event) => this.#watch(event.detail));
    this.#uploader.addEventListener("refused", ({ detail }) => this.#refused(detail.id, detail.error));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("click", (event) => this.#leaveByLink(event));
  }

  /** Restore the drawing of the last visit with its history; returns whether there was one. */
  restore() {
    const draft = loadDraft();
    if (!draft || ![null, this.#user, this.#userNumber].includes(draft.user)) return false;
    if (!this.#sheet.restore(draft)) return false;
    this.#row = draft.row ?? null;
    if (draft.saved && draft.recognizer === this.#recognizer) {
      this.#idsHere().set(this.#sheet.state, draft.id);
      this.#saved.add(draft.id);
    }
    this.#writeDraft();
    return true;
  }

  /** The id that the drawing on the sheet has, or gets when it is saved. */
  get id() {
    return this.#idOf(this.#sheet.state);
  }

  /** Switch to this recognizer; the drawing stays. */
  use(recognizer) {
    this.#recognizer = recognizer;
    this.#writeDraft();
  }

  /** Save the drawing with its label; see Uploader.upload. */
  saveLabelled(label) {
    const saving = this.#upload(this.#sheet.state, label);
    saveDraft(null);
    return saving;
  }

  /** Remove the label; the drawing stays. */
  removeLabel() {
    this.#row = this.#idOf(this.#sheet.state);
    this.#writeDraft();
    return this.#uploader.removeLabel(this.#row);
  }

  #watch({ how, before, now }) {
    if (how === "renew") this.#row = null;
    else if (how === "picture" && !isBlank(before)) this.#startAnother(before);
    else if (how === "undo" || how === "redo") this.#moved(before, now);
    if (how !== "renew" && isBlank(now)) this.#dropRow();
    this.#writeDraft();
  }

  /** A picture is placed over a drawing, which is thereby finished. */
  #startAnother(before) {
    this.#save(before);
    this.#row = null;
  }

  /** A picture and what was there before it are two drawings, each with its own row. */
  #moved(before, now) {
    const id = this.#idOf(now);
    if (this.#saved.has(id)) this.#row = id;
    else if (before.picture || now.picture) this.#row = null;
  }

  /** Delete what was saved by itself. */
  #dropRow() {
    if (this.#row) this.#uploader.drop(this.#forgetRow());
  }

  /** Returns the id of the row, which is about to be deleted; null if there is none or it is this one. */
  #forgetRow(except = null) {
    const id = this.#row === except ? null : this.#row;
    this.#row = null;
    if (id) this.#dropped.add(id);
    return id;
  }

  #save(state) {
    if (!this.#isUnsaved(state)) return Promise.resolve();
    const saving = this.#upload(state, null);
    this.#row = this.#idOf(state);
    return saving.catch(() => {});
  }

  #upload(state, label) {
    const item = this.#item(state, label);
    this.#saved.add(item.id);
    const saving = this.#uploader.upload(item, this.#forgetRow(item.id));
    saving.catch((error) => this.#refused(item.id, error));
    return saving;
  }

  /** The server does not want it: it stays on the sheet, also after a reload. What was deleted elsewhere can be saved anew. */
  #refused(id, { code }) {
    this.#saved.delete(id);
    if (code === "drawing_deleted") this.#dropped.add(id);
    this.#writeDraft();
  }

  #leave() {
    const { state } = this.#sheet;
    if (!this.#isUnsaved(state) || state.picture) return;
    const item = this.#item(state, null);
    this.#uploader.leave(item, this.#forgetRow(item.id));
    this.#saved.add(item.id);
    this.#row = item.id;
    this.#writeDraft();
  }

  /** Before going to another page of this site: save, so that My drawings shows the drawing. */
  async #leaveByLink(event) {
    const link = event.target.closest?.("a[href]");
    const { state } = this.#sheet;
    if (!link || !this.#user || event.defaultPrevented || event.button || link.origin !== location.origin) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.hash) return;
    if (!this.#isUnsaved(state)) return;
    event.preventDefault();
    const saved = this.#save(state).then(() => this.#uploader.idle); // also what it replaces is deleted then
    await Promise.race([saved, new Promise((resolve) => setTimeout(resolve, LEAVE_MS))]);
    this.#writeDraft();
    location.assign(link.href);
  }

  /** A picture that another program shared is saved with a label only: any site can send one. */
  #isUnsaved(state) {
    return this.#user && !isBlank(state) && !state.picture?.isShared && !this.#saved.has(this.#idOf(state));
  }

  #item(state, label) {
    const what = state.picture ? { image: state.picture } : { ink: state.strokes.map((stroke) => stroke.toWire()) };
    const version = state.picture ? null : this.#answeredHere();
    return { id: this.#idOf(state), content: { recognizer: this.#recognizer, ...what, ...(version && { on_device: version }) }, label };
  }

  #idsHere() {
    if (!this.#ids.has(this.#recognizer)) this.#ids.set(this.#recognizer, new WeakMap());
    return this.#ids.get(this.#recognizer);
  }

  #idOf(state) {
    const ids = this.#idsHere();
    if (!ids.has(state) || this.#dropped.has(ids.get(state))) ids.set(state, newId());
    return ids.get(state);
  }

  #writeDraft() {
    const { history, state } = this.#sheet;
    const id = this.#idOf(state);
    const about = { user: this.#user, recognizer: this.#recognizer, id, saved: this.#saved.has(id), row: this.#row };
    saveDraft(history.states.length > 1 ? { ...about, history } : null);
  }
}
