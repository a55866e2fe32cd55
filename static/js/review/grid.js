// Keys for the review grid: arrows go from drawing to drawing, Space selects the wrong ones.

import { connectFinders } from "../shared/label_finder.js";
import { Shortcuts } from "../shared/shortcuts.js";
import { text } from "../shared/texts.js";

class ReviewGrid {
  #page = document.querySelector("[data-grid]");
  #list = this.#page.querySelector("[data-many]");
  #sent = false;

  connect() {
    this.#list?.addEventListener("keydown", (event) => this.#press(event));
    this.#list?.addEventListener("change", () => this.#count());
    this.#page.addEventListener("submit", (event) => this.#submitted(event));
    addEventListener("pageshow", () => this.#returned()); // the browser can restore the page as it was
    connectFinders();
    new Shortcuts(this.#actions(), this.#page.querySelector("[data-shortcuts]")).connect();
    this.#page.dataset.ready = "";
  }

  #actions() {
    const click = (key) => (event) => event.repeat || this.#page.querySelector(`[data-key="${key}"]`)?.click();
    const enter = () => this.#checkboxes[0]?.focus();
    return { a: click("a"), z: click("z"), digit: () => false, arrowdown: enter, arrowright: enter };
  }

  get #checkboxes() {
    return [...(this.#list?.querySelectorAll("input[type=checkbox]") ?? [])];
  }

  #press(event) {
    const checkboxes = this.#checkboxes;
    const at = checkboxes.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns, ArrowUp: -this.#columns }[event.key];
    if (at < 0 || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    checkboxes[at + step]?.focus();
  }

  /** How many drawings a row has. */
  get #columns() {
    const [first, ...rest] = this.#list.children;
    return rest.findIndex((each) => each.offsetTop > first.offsetTop) + 1 || rest.length + 1;
  }

  #count() {
    const selected = this.#checkboxes.filter((checkbox) => checkbox.checked).length;
    const count = this.#checkboxes.length - selected;
    this.#page.querySelector("[data-go]").textContent = text(selected ? "approveOthers" : "approveAll", { count });
    this.#page.querySelector("[data-fate]").hidden = !selected;
  }

  #returned() {
    this.#sent = false;
    if (this.#list) this.#count();
  }

  #submitted(event) {
    if (this.#sent) event.preventDefault();
    this.#sent = true;
  }
}

new ReviewGrid().connect();
