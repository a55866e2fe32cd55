// The grid of the review room by keys: arrows go from drawing to drawing, Space marks the odd ones.

import { Shortcuts } from "../shared/shortcuts.js";
import { text } from "../shared/texts.js";

class ReviewGrid {
  #page = document.querySelector("[data-grid]");
  #many = this.#page.querySelector("[data-many]");
  #sent = false;

  connect() {
    this.#many?.addEventListener("keydown", (event) => this.#press(event));
    this.#many?.addEventListener("change", () => this.#count());
    this.#page.addEventListener("submit", (event) => this.#submitted(event));
    addEventListener("pageshow", () => this.#returned()); // the browser may bring the page back as it was left
    new Shortcuts(this.#actions(), this.#page.querySelector("[data-shortcuts]")).connect();
    this.#page.dataset.ready = "";
  }

  #actions() {
    const click = (key) => (event) => event.repeat || this.#page.querySelector(`[data-key="${key}"]`)?.click();
    const enter = () => this.#marks[0]?.focus();
    return { a: click("a"), z: click("z"), digit: () => false, arrowdown: enter, arrowright: enter };
  }

  get #marks() {
    return [...(this.#many?.querySelectorAll("input[type=checkbox]") ?? [])];
  }

  #press(event) {
    const marks = this.#marks;
    const at = marks.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#across, ArrowUp: -this.#across }[event.key];
    if (at < 0 || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    marks[at + step]?.focus();
  }

  /** How many drawings stand beside each other. */
  get #across() {
    const [first, ...rest] = this.#many.children;
    return rest.findIndex((each) => each.offsetTop > first.offsetTop) + 1 || rest.length + 1;
  }

  #count() {
    const odd = this.#marks.filter((mark) => mark.checked).length;
    const count = this.#marks.length - odd;
    this.#page.querySelector("[data-go]").textContent = text(odd ? "acceptRest" : "accept", { count });
    this.#page.querySelector("[data-fate]").hidden = !odd;
  }

  #returned() {
    this.#sent = false;
    if (this.#many) this.#count();
  }

  #submitted(event) {
    if (this.#sent) event.preventDefault();
    this.#sent = true;
  }
}

new ReviewGrid().connect();
