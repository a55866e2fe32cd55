// What became of the labelled drawing on the sheet: the message below its label.

import { reasonOf, text } from "../shared/texts.js";

const WAITING = ["queued", "signedOut", "otherAccount"]; // the messages about a drawing that is not uploaded yet

/** Fires "saved" when the server has the label. */
export class Outcome extends EventTarget {
  #panel;
  #parts;
  #id = null; // of the labelled drawing on the sheet
  #number = 0; // only the outcome of the last label is shown

  /** `parts`: the announcer, drafts, problem and uploader of the page. */
  constructor(panel, parts) {
    super();
    this.#panel = panel;
    this.#parts = parts;
  }

  connect() {
    this.#parts.uploader.addEventListener("change", () => this.#uploaded());
    this.#parts.uploader.addEventListener("refused", ({ detail }) => this.#refused(detail));
  }

  /** Save this label of the drawing on the sheet; `headline` is what the panel says above. */
  async save(slug, headline) {
    const { drafts } = this.#parts;
    const number = ++this.#number;
    this.#id = drafts.id;
    this.#show("saving");
    const name = await drafts.saveLabelled(slug).then(nameOf, nameOfRefusal);
    if (number === this.#number) this.tell(name, headline);
  }

  /** The label is removed, or another drawing is begun. */
  forget() {
    this.#number += 1;
    this.#id = null;
  }

  tell(name, headline) {
    const line = this.#show(name);
    if (name === "saved") this.dispatchEvent(new Event("saved"));
    this.#parts.announcer.now(`${headline} ${line.innerText.replace(/\s+/g, " ").trim()}`);
  }

  /** What waited is uploaded. */
  #uploaded() {
    const isWaiting = WAITING.some((name) => this.#line(name)?.hidden === false);
    if (isWaiting && !this.#parts.uploader.waiting.count) this.#show("saved");
  }

  /** The server does not want a drawing that waited: the one on the sheet, or one before it. */
  #refused({ id, error }) {
    if (id === this.#id) this.#show(nameOfRefusal(error));
    else this.#parts.problem.show(text("notUploaded", { detail: reasonOf(error) }));
  }

  #show(name) {
    for (const line of this.#panel.querySelectorAll("[data-outcome]")) line.hidden = line.dataset.outcome !== name;
    return this.#line(name);
  }

  #line(name) {
    return this.#panel.querySelector(`[data-outcome="${name}"]`);
  }
}

function nameOf({ queued }) {
  if (!queued) return "saved";
  if (queued.isOtherAccount) return "otherAccount";
  return queued.needsSignIn ? "signedOut" : "queued";
}

function nameOfRefusal({ code }) {
  return code === "consent_required" ? "consent" : "failed";
}
