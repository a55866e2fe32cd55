// Saves what was drawn in a round, for people who are signed in: a drawing with the label that was asked for, as a
// correction whose origin is "round". Reviewers check it as any other.

import { newId } from "../api.js";
import { reasonOf } from "../shared/texts.js";

/** Fires "change" (detail: the entry) when `entry.saving` changes: { state, detail }. */
export class Saving extends EventTarget {
  #uploader;
  #recognizer;
  #onSaved;
  #queued = new Set();

  /** `onSaved()` is called when a label is saved. */
  constructor(uploader, recognizer, onSaved) {
    super();
    this.#uploader = uploader;
    this.#recognizer = recognizer;
    this.#onSaved = onSaved;
  }

  connect() {
    this.#uploader.addEventListener("change", () => this.#uploaded());
    this.#uploader.addEventListener("refused", ({ detail }) => this.#refused(detail));
  }

  /** `version`: the number of the version whose answer on this device was on display; null if there was none. */
  async save(entry, version = entry.version) {
    Object.assign(entry, { id: entry.id ?? newId(), version });
    const content = { recognizer: this.#recognizer, ink: entry.ink, ...(version && { on_device: version }) };
    this.#set(entry, "saving");
    try {
      const { queued } = await this.#uploader.upload({ id: entry.id, content, label: entry.label.slug, origin: "round" });
      if (queued) return this.#wait(entry);
      this.#set(entry, "saved");
      this.#onSaved();
    } catch (error) {
      this.#set(entry, "refused", reasonOf(error));
    }
  }

  /** The drawing stays in My drawings, without its label. */
  async removeLabel(entry) {
    this.#queued.delete(entry);
    this.#set(entry, "saving");
    await this.#uploader.removeLabel(entry.id).catch(() => {});
    this.#set(entry, "unlabelled");
  }

  /** It was not finished: nothing is saved unless its author wants it. */
  leaveOut(entry) {
    this.#set(entry, "notSaved");
  }

  #wait(entry) {
    this.#queued.add(entry);
    this.#set(entry, "queued");
  }

  #uploaded() {
    if (this.#uploader.waiting.count) return;
    for (const entry of this.#queued) this.#set(entry, "saved");
    this.#queued.clear();
  }

  #refused({ id, error }) {
    const entry = [...this.#queued].find((each) => each.id === id);
    if (!entry) return;
    this.#queued.delete(entry);
    this.#set(entry, "refused", reasonOf(error));
  }

  #set(entry, state, detail = "") {
    entry.saving = { state, detail };
    this.dispatchEvent(new CustomEvent("change", { detail: entry }));
  }
}
