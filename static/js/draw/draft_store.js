// Saves the drawings of a signed-in person.
//
// A drawing is saved when its author labels it, starts another one, or leaves the page. Each state of
// the drawing area has its own identifier, so saving it twice creates no second drawing. Ink that is
// continued after a reload replaces what was saved when the page was left.

import { newId } from "../api.js";
import { Stroke } from "./ink.js";
import { inTab, recall, remember } from "../shared/storage.js";

const KEY = "inkling.sheet";

const isBlank = (state) => !state.strokes.length && !state.picture;

export class DraftStore {
  #sheet;
  #uploader;
  #recognizer;
  #user;
  #ids = new WeakMap(); // state -> identifier of the drawing, for this recognizer
  #sent = new WeakSet();
  #former = new WeakMap(); // state that was cleared before a switch -> identifier of its drawing
  #cleared = null; // saved when the clearing is not undone
  #provisional = null; // identifier of the drawing that was saved on leaving, or whose label was removed

  /** Without a user nothing is uploaded, but an unfinished drawing still survives a reload. */
  constructor({ sheet, uploader, recognizer, user }) {
    this.#sheet = sheet;
    this.#uploader = uploader;
    this.#recognizer = recognizer;
    this.#user = user;
  }

  connect() {
    this.#sheet.addEventListener("change", (event) => this.#watch(event.detail));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("click", (event) => this.#leaveByLink(event));
  }

  /** Restore the unfinished drawing of the last visit; returns whether there was one. */
  restore() {
    const draft = recall(inTab, KEY);
    if (!draft?.strokes?.length || (draft.user !== null && draft.user !== this.#user)) return false;
    this.#sheet.renew(draft.strokes.map(Stroke.fromWire));
    this.#provisional = draft.provisional ?? null;
    if (draft.kept && draft.recognizer === this.#recognizer) {
      this.#ids.set(this.#sheet.state, draft.id);
      this.#sent.add(this.#sheet.state);
    }
    this.#writeDraft();
    return true;
  }

  /** Switch to this recognizer; a cleared drawing belongs to the one before. */
  use(recognizer) {
    const state = this.#sheet.state;
    if (this.#cleared) this.#saveBeforeSwitch();
    if (this.#sent.has(state)) this.#provisional = this.#idOf(state);
    this.#recognizer = recognizer;
    this.#ids = new WeakMap();
    this.#sent = new WeakSet();
    this.#writeDraft();
  }

  /** A cleared drawing is now a drawing of its own, unless undo restores it. */
  #saveBeforeSwitch() {
    this.#save(this.#cleared);
    this.#former.set(this.#cleared, this.#idOf(this.#cleared));
    this.#cleared = this.#provisional = null;
  }

  /** Save the drawing with its label; see Uploader.upload. */
  saveLabelled(label) {
    const state = this.#sheet.state;
    this.#sent.add(state);
    remember(inTab, KEY, null);
    return this.#upload(state, label);
  }

  /** Remove the label; the drawing stays. */
  removeLabel() {
    this.#provisional = this.#idOf(this.#sheet.state);
    this.#writeDraft();
    return this.#uploader.removeLabel(this.#provisional);
  }

  #watch({ how, before, now }) {
    if (how === "clear" || how === "picture") this.#cleared = isBlank(before) ? this.#cleared : before;
    else if (now === this.#cleared) this.#cleared = null;
    if (how === "stroke" || how === "picture") this.#saveCleared(now);
    if (how === "undo") this.#provisional = this.#former.get(now) ?? this.#provisional;
    if (how === "redo" && this.#former.get(before) === this.#provisional) this.#provisional = null;
    if (how === "renew") this.#cleared = this.#provisional = null;
    this.#writeDraft();
  }

  #saveCleared(now) {
    const state = this.#cleared;
    if (!state || state === now) return;
    this.#cleared = null;
    this.#save(state);
    this.#provisional = null;
  }

  #save(state) {
    if (!this.#user || isBlank(state) || this.#sent.has(state)) return Promise.resolve();
    this.#sent.add(state);
    return this.#upload(state, null).catch(() => this.#sent.delete(state));
  }

  #upload(state, label) {
    const item = this.#item(state, label);
    if (this.#provisional && this.#provisional !== item.id) this.#uploader.replaceDrawing(this.#provisional);
    this.#provisional = null;
    return this.#uploader.upload(item);
  }

  #leave() {
    if (!this.#user) return;
    for (const state of [this.#cleared, this.#sheet.state]) {
      if (!state || isBlank(state) || state.picture || this.#sent.has(state)) continue;
      this.#sent.add(state);
      this.#uploader.leave(this.#item(state, null));
      if (state !== this.#sheet.state) continue;
      if (this.#provisional) this.#uploader.replaceDrawing(this.#provisional);
      this.#provisional = this.#idOf(state);
      this.#writeDraft();
    }
    this.#cleared = null;
  }

  /** Before going to another page of this site: save, so that "My drawings" shows the drawing. */
  async #leaveByLink(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || !this.#user || event.defaultPrevented || event.button || link.origin !== location.origin) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.hash) return;
    const states = [this.#cleared, this.#sheet.state].filter((state) => state && !isBlank(state) && !this.#sent.has(state));
    if (!states.length) return;
    event.preventDefault();
    const kept = Promise.all(states.map((state) => this.#save(state)));
    await Promise.race([kept, new Promise((resolve) => setTimeout(resolve, 1500))]);
    if (!this.#sheet.isBlank) this.#provisional = this.#idOf(this.#sheet.state);
    this.#writeDraft();
    location.assign(link.href);
  }

  #item(state, label) {
    const what = state.picture ? { image: state.picture } : { ink: state.strokes.map((stroke) => stroke.toWire()) };
    return { id: this.#idOf(state), content: { recognizer: this.#recognizer, ...what }, label };
  }

  #idOf(state) {
    if (!this.#ids.has(state)) this.#ids.set(state, newId());
    return this.#ids.get(state);
  }

  #writeDraft() {
    const { state } = this.#sheet;
    const strokes = state.strokes.map((stroke) => stroke.toWire());
    const kept = { id: this.#idOf(state), kept: this.#sent.has(state), provisional: this.#provisional };
    const draft = { user: this.#user, recognizer: this.#recognizer, ...kept, strokes };
    remember(inTab, KEY, strokes.length ? draft : null);
  }
}
