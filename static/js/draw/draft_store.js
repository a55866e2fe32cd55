// What becomes of the drawings of somebody who is signed in.
//
// A drawing is kept when its author says what it is, starts another, or leaves. Every state of the
// sheet has its own identifier, so keeping the same ink twice makes no double, and ink that goes on
// after a reload takes the place of what was kept when the page was left.

import { newId } from "../api.js";
import { Stroke } from "./ink.js";
import { recall, remember } from "../shared/storage.js";

const KEY = "inkling.sheet";

const isBlank = (state) => !state.strokes.length && !state.picture;

export class Keeping {
  #sheet;
  #postman;
  #recognizer;
  #user;
  #ids = new WeakMap(); // state of the sheet -> identifier of the drawing, for this recognizer
  #sent = new WeakSet();
  #former = new WeakMap(); // state that was cleared before a switch -> identifier of what was kept of it then
  #cleared = null; // kept once it is clear that the clearing is not undone
  #provisional = null; // identifier of what was kept on leaving, or whose answer was taken back

  /** Without a user nothing is ever sent; the unfinished sheet survives a reload all the same. */
  constructor({ sheet, postman, recognizer, user }) {
    this.#sheet = sheet;
    this.#postman = postman;
    this.#recognizer = recognizer;
    this.#user = user;
  }

  connect() {
    this.#sheet.addEventListener("change", (event) => this.#watch(event.detail));
    addEventListener("pagehide", () => this.#leave());
    addEventListener("click", (event) => this.#leaveByLink(event));
  }

  /** Put the unfinished sheet of the last visit back; says whether there was one. */
  restore() {
    const draft = recall(sessionStorage, KEY);
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

  /** The sheet is for this recognizer from now on; what was cleared before was drawn for the one before. */
  use(recognizer) {
    const state = this.#sheet.state;
    if (this.#cleared) this.#part();
    if (this.#sent.has(state)) this.#provisional = this.#idOf(state);
    this.#recognizer = recognizer;
    this.#ids = new WeakMap();
    this.#sent = new WeakSet();
    this.#writeDraft();
  }

  /** What was cleared is a drawing of its own by now, unless undoing brings it back. */
  #part() {
    this.#keep(this.#cleared);
    this.#former.set(this.#cleared, this.#idOf(this.#cleared));
    this.#cleared = this.#provisional = null;
  }

  /** Keep what is on the sheet together with what its author says it is; see Postman.deliver. */
  answer(label) {
    const state = this.#sheet.state;
    this.#sent.add(state);
    remember(sessionStorage, KEY, null);
    return this.#deliver(state, label);
  }

  /** The drawing stays, what was said about it does not. */
  takeBack() {
    this.#provisional = this.#idOf(this.#sheet.state);
    this.#writeDraft();
    return this.#postman.takeBack(this.#provisional);
  }

  #watch({ how, before, now }) {
    if (how === "clear" || how === "picture") this.#cleared = isBlank(before) ? this.#cleared : before;
    else if (now === this.#cleared) this.#cleared = null;
    if (how === "stroke" || how === "picture") this.#keepCleared(now);
    if (how === "undo") this.#provisional = this.#former.get(now) ?? this.#provisional;
    if (how === "redo" && this.#former.get(before) === this.#provisional) this.#provisional = null;
    if (how === "renew") this.#cleared = this.#provisional = null;
    this.#writeDraft();
  }

  #keepCleared(now) {
    const state = this.#cleared;
    if (!state || state === now) return;
    this.#cleared = null;
    this.#keep(state);
    this.#provisional = null;
  }

  #keep(state) {
    if (!this.#user || isBlank(state) || this.#sent.has(state)) return Promise.resolve();
    this.#sent.add(state);
    return this.#deliver(state, null).catch(() => this.#sent.delete(state));
  }

  #deliver(state, label) {
    const item = this.#item(state, label);
    if (this.#provisional && this.#provisional !== item.id) this.#postman.forget(this.#provisional);
    this.#provisional = null;
    return this.#postman.deliver(item);
  }

  #leave() {
    if (!this.#user) return;
    for (const state of [this.#cleared, this.#sheet.state]) {
      if (!state || isBlank(state) || state.picture || this.#sent.has(state)) continue;
      this.#sent.add(state);
      this.#postman.leave(this.#item(state, null));
      if (state !== this.#sheet.state) continue;
      if (this.#provisional) this.#postman.forget(this.#provisional);
      this.#provisional = this.#idOf(state);
      this.#writeDraft();
    }
    this.#cleared = null;
  }

  /** Going to another page of this site: first keep, so that "My drawings" shows it. */
  async #leaveByLink(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || !this.#user || event.defaultPrevented || event.button || link.origin !== location.origin) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || link.hash) return;
    const states = [this.#cleared, this.#sheet.state].filter((state) => state && !isBlank(state) && !this.#sent.has(state));
    if (!states.length) return;
    event.preventDefault();
    const kept = Promise.all(states.map((state) => this.#keep(state)));
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
    remember(sessionStorage, KEY, strokes.length ? draft : null);
  }
}
