// The review queue by single keys. The keys are printed on the buttons; without this script the buttons do the same.

import { Filter } from "./filter.js";
import { Shortcuts } from "./shortcuts.js";

class ReviewPage {
  #page = document.querySelector("[data-review]");
  #field = this.#page.querySelector("[data-field]"); // where there are many labels
  #sent = false; // a key that is pressed twice decides one drawing only

  connect() {
    this.#page.addEventListener("submit", (event) => this.#submitted(event));
    addEventListener("pageshow", () => (this.#sent = false)); // the browser may bring the page back as it was left
    const filter = this.#field && new Filter(this.#page.querySelector("[data-picker]"));
    if (filter) this.#useFilter(filter);
    new Shortcuts({ ...this.#actions(), "/": () => filter?.focus() }, this.#page.querySelector("[data-shortcuts]")).connect();
    this.#page.dataset.ready = "";
  }

  #useFilter(filter) {
    this.#field.hidden = false;
    filter.connect();
  }

  /** What each key does, read off the buttons. */
  #actions() {
    const actions = { digit: (key) => this.#button(key)?.click() };
    for (const button of this.#page.querySelectorAll("[data-key]")) {
      actions[button.dataset.key] = (event) => event.repeat || button.click();
    }
    return actions;
  }

  #button(key) {
    return this.#page.querySelector(`[data-key="${key}"]`);
  }

  #submitted(event) {
    if (this.#sent) event.preventDefault();
    this.#sent = true;
  }
}

new ReviewPage().connect();
