// My drawings, without a page load: say what a drawing is by tap or number key, take it back, delete.
// Everything here also works as a plain form.

import { ApiError, Client } from "../api.js";
import { text } from "../shared/texts.js";

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

  /** Whether one of the keys says this. */
  has(label) {
    return [...this.#element.querySelectorAll(".key")].some((key) => key.value === label);
  }

  async say(slug) {
    const { label, glyph, name, agrees } = await this.#api.correct(this.id, slug);
    this.#show(label, glyph, text(agrees ? "agreed" : "corrected", { name }));
  }

  async takeBack() {
    await this.#api.takeBack(this.id);
    this.#show(null, "", text("unanswered"));
  }

  get #said() {
    return this.#element.dataset.said || null;
  }

  set #said(label) {
    this.#element.dataset.said = label ?? "";
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

  #show(label, glyph, said) {
    const shown = find("[data-glyph]", this.#element);
    shown.textContent = glyph;
    shown.hidden = !glyph;
    find("[data-said]", this.#element).textContent = said;
    find("[data-verb]", this.#element).textContent = text(label ? "change" : "say");
    find("[data-take-back]", this.#element).hidden = !label;
    if (label !== this.#said) find("[data-decided]", this.#element)?.remove(); // it was about what they said before
    this.#said = label;
    for (const key of this.#element.querySelectorAll(".key")) key.setAttribute("aria-pressed", String(key.value === label));
    const select = find("select", this.#element);
    if (select) select.value = label ?? "";
    find("details", this.#element).open = false;
    this.focus();
  }
}

class DrawingsPage {
  #page = find("[data-drawings]");
  #api = new Client({ root: JSON.parse(find("#config").textContent).api, attempts: 1 });
  #dialog = find("[data-confirm]");
  #doomed = null;

  connect() {
    this.#page.addEventListener("submit", (event) => this.#submitted(event));
    this.#page.addEventListener("keydown", (event) => this.#pressed(event));
    this.#page.addEventListener("click", (event) => this.#clicked(event));
    find("[data-yes]").addEventListener("click", () => this.#delete());
    find("[data-no]").addEventListener("click", () => this.#dialog.close());
    this.#page.dataset.ready = "";
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
    this.#try(() => (label ? drawing.say(label) : drawing.takeBack()));
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !/^\d$/.test(event.key)) return;
    const drawing = this.#drawingOf(event.target);
    if (drawing?.has(event.key)) this.#try(() => drawing.say(event.key));
  }

  #clicked(event) {
    if (!event.target.closest("[data-delete]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#doomed = this.#drawingOf(event.target);
    this.#dialog.showModal();
  }

  async #delete() {
    this.#dialog.close();
    await this.#try(() => this.#doomed.delete(), text("deleted"));
    if (!find("[data-drawing]")) location.reload();
  }

  /** Do it, and say in the line of news how it went. */
  async #try(work, news = "") {
    const line = find("[data-news]");
    try {
      await work();
      line.textContent = news;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      line.textContent = error.isOffline ? text("offline") : text("failed", { detail: error.detail });
    }
  }
}

new DrawingsPage().connect();
