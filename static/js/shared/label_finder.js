// A search in very many labels: buttons that match are put below the field, and send the form of the field.

import { Filter } from "./filter.js";
import { newNamedKey } from "./label_keys.js";
import { loadList } from "./label_lists.js";
import { searchLabels } from "./label_search.js";

const FOUND = 24;

export class LabelFinder {
  #root;
  #keypad;
  #filter;
  #labels = [];
  #describe;

  /** `root`: an element `[data-label-finder]`. `describe(button, label)` may add to each button. */
  constructor(root, describe = () => {}) {
    this.#root = root;
    this.#keypad = root.querySelector("[data-keypad]");
    this.#filter = new Filter(root, (query) => this.#refill(query));
    this.#describe = describe;
  }

  /** The labels are fetched when somebody goes to the field. */
  connect() {
    const field = this.#root.querySelector("[data-filter]");
    field.removeAttribute("name"); // the buttons have it
    field.addEventListener("focus", () => this.#load(), { once: true });
    this.#filter.connect();
  }

  focus() {
    this.#filter.focus();
  }

  async #load() {
    this.#labels = (await loadList(this.#root.dataset.labels)).labels;
    if (this.#filter.query) this.#filter.narrow();
  }

  #refill(query) {
    this.#keypad.replaceChildren(...searchLabels(this.#labels, query, FOUND).map((label) => this.#newKey(label)));
    return true;
  }

  #newKey(label) {
    const key = newNamedKey(label);
    key.type = "submit";
    key.name = this.#root.dataset.name;
    key.value = label.slug;
    this.#describe(key, label);
    return key;
  }
}

/** Connect all searches of a page. */
export function connectFinders(root = document) {
  for (const each of root.querySelectorAll("[data-label-finder]")) new LabelFinder(each).connect();
}
