// My drawings without page loads: label by tap or number key, remove the label, delete. Plain forms do the same.
// Several drawings are deleted by a plain form.

import { ApiError, Client, NONE_OF_THESE } from "../api.js";
import { Outbox } from "../draw/outbox.js";
import { Uploader } from "../draw/uploader.js";
import { keyOf } from "../shared/keys.js";
import { LabelFinder } from "../shared/label_finder.js";
import { loadList, NO_LABELS } from "../shared/label_lists.js";
import { sign } from "../shared/labels.js";
import { reasonOf, text, wordOf } from "../shared/texts.js";

const find = (selector, root = document) => root.querySelector(selector);

class Drawing {
  #element;
  #api;

  constructor(element, api) {
    this.#element = element;
    this.#api = api;
  }

  get id() {
    return this.#element.dataset.drawing;
  }

  /** Whether there is a button for this label. */
  has(label) {
    return [...this.#element.querySelectorAll(".key")].some((key) => key.value === label);
  }

  /** `list`: the labels of its recognizer. */
  async setLabel(slug, list) {
    const { label, glyph, name, agrees } = await this.#api.correct(this.id, slug);
    const known = list.find(label) ?? { glyph, name, language: "" };
    if (label === null) this.#show(NONE_OF_THESE, null, text("noneOfThese"));
    else this.#show(label, known, text(agrees ? "confirmed" : "corrected", { name: wordOf(name) }));
  }

  async removeLabel() {
    await this.#api.takeBack(this.id);
    this.#show(null, null, text("unanswered"));
  }

  /** The address of the labels of its recognizer. */
  get labels() {
    return this.#element.dataset.labels;
  }

  get #label() {
    return this.#element.dataset.label || null;
  }

  set #label(label) {
    this.#element.dataset.label = label ?? "";
  }

  async delete() {
    await this.#api.delete(this.id);
    const next = this.#element.nextElementSibling ?? this.#element.previousElementSibling;
    this.#element.remove();
    next?.focus();
  }

  focus() {
    this.#element.focus();
  }

  /** `known`: what is shown of the label; null without one. */
  #show(label, known, sentence) {
    const shown = find("[data-glyph]", this.#element);
    const hasSign = Boolean(known?.glyph || known?.shape);
    shown.replaceChildren(...(hasSign ? [sign(known)] : []));
    shown.hidden = !hasSign;
    find("[data-label-text]", this.#element).textContent = sentence;
    find("[data-verb]", this.#element).textContent = text(label ? "change" : "add");
    find("[data-remove-label]", this.#element).hidden = !label;
    if (label !== this.#label) find("[data-review]", this.#element)?.remove(); // the review was about the old label
    this.#label = label;
    for (const key of this.#element.querySelectorAll("[aria-pressed]")) key.setAttribute("aria-pressed", String(key.value === label));
    const select = find("select", this.#element);
    if (select) select.value = label ?? "";
    find("details", this.#element).open = false;
    this.focus();
  }
}

class DrawingsPage {
  #page = find("[data-drawings]");
  #config = JSON.parse(find("#config").textContent);
  #api = new Client({ root: this.#config.api, actingFor: this.#config.actingFor, attempts: 1 });
  #dialog = find("[data-confirm]");
  #lists = new Map(); // address -> LabelList
  #toDelete = null;
  #changes = 0; // that are being carried out
  #uploading = null; // what waits is uploaded before anything here is changed, which is newer

  connect() {
    this.#page.addEventListener("submit", (event) => this.#submitted(event));
    this.#page.addEventListener("keydown", (event) => this.#pressed(event));
    this.#page.addEventListener("click", (event) => this.#clicked(event));
    find("[data-yes]").addEventListener("click", () => this.#delete());
    find("[data-no]").addEventListener("click", () => this.#dialog.close());
    this.#connectSelection();
    this.#connectFinders();
    this.#loadLabels();
    this.#uploading = this.#upload();
    this.#page.dataset.ready = "";
  }

  /** What waits from the draw page is uploaded here, too, and then shown. */
  async #upload() {
    const outbox = new Outbox(this.#config.actingFor);
    if (!(await outbox.items()).length) return;
    const uploader = new Uploader(this.#api, outbox);
    let refusal = null;
    uploader.addEventListener("refused", ({ detail }) => (refusal = detail.error));
    await uploader.uploadAll();
    if (refusal) find("[data-status]").textContent = text("notUploaded", { detail: reasonOf(refusal) });
    else if (!uploader.waiting.count && !this.#changes) location.reload();
  }

  /** Deleting the selected drawings is a plain form; selecting all of the page needs a script. */
  #connectSelection() {
    const all = find("[data-select-all]");
    if (!all) return;
    all.hidden = false;
    all.addEventListener("click", () => {
      for (const checkbox of this.#page.querySelectorAll(".select input")) checkbox.checked = true;
      find("#selected .danger").focus();
    });
  }

  /** Where there are very many labels, one is found by typing. */
  #connectFinders() {
    for (const root of this.#page.querySelectorAll("[data-label-finder]")) {
      const plain = find("[data-plain]", root.closest("form"));
      if (plain) plain.hidden = true;
      new LabelFinder(root).connect();
    }
  }

  /** Their names and shapes, for what changes on the page. */
  #loadLabels() {
    const addresses = new Set([...this.#page.querySelectorAll("[data-labels]")].map((each) => each.dataset.labels));
    for (const address of addresses) loadList(address).then((list) => this.#lists.set(address, list));
  }

  #drawingOf(target) {
    const element = target.closest("[data-drawing]");
    return element && new Drawing(element, this.#api);
  }

  #submitted(event) {
    if (!event.target.matches("[data-correct]")) return;
    event.preventDefault();
    const drawing = this.#drawingOf(event.target);
    const label = event.submitter.name ? event.submitter.value : find("select", event.target).value;
    this.#try(() => (label ? this.#setLabel(drawing, label) : drawing.removeLabel()));
  }

  #pressed(event) {
    const key = keyOf(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !/^\d$/.test(key)) return;
    const drawing = this.#drawingOf(event.target);
    if (drawing?.has(key)) this.#try(() => this.#setLabel(drawing, key));
  }

  #setLabel(drawing, label) {
    return drawing.setLabel(label, this.#lists.get(drawing.labels) ?? NO_LABELS);
  }

  #clicked(event) {
    if (!event.target.closest("[data-delete]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#toDelete = this.#drawingOf(event.target);
    this.#dialog.showModal();
  }

  async #delete() {
    this.#dialog.close();
    await this.#try(() => this.#toDelete.delete(), text("deleted"));
    find("[data-count]")?.remove(); // it is no longer true
    if (!find("[data-drawing]")) location.reload();
  }

  /** Do the work and show the result. */
  async #try(work, success = "") {
    const line = find("[data-status]");
    this.#changes += 1;
    try {
      await this.#uploading;
      await work();
      line.textContent = success;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      line.textContent = error.isOffline ? text("offline") : text("failed", { detail: reasonOf(error) });
    } finally {
      this.#changes -= 1;
    }
  }
}

new DrawingsPage().connect();
