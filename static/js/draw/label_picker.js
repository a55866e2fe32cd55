// Buttons for the labels of a recognizer, with a search field if there are many: the best match comes first. If there are very
// many, there are no buttons without a search but for those that were chosen last, and those that the model finds likely.

import { Filter } from "../shared/filter.js";
import { newKey, newNamedKey } from "../shared/label_keys.js";
import { searchLabels } from "../shared/label_search.js";
import { onDevice, recall, remember } from "../shared/storage.js";

const MAX_WITHOUT_SEARCH = 12;
export const MANY = 60; // with more labels there is no button for each
const FOUND = 24;
const LIKELY = 12;
const RECENT = 6;
const STORED = "inkling.recent"; // slug of a recognizer -> slugs of its labels, the newest first

export class LabelPicker {
  #root;
  #keypad;
  #field;
  #filter;
  #list = null; // a LabelList
  #keys = new Map(); // label -> its button; empty if there are very many
  #recognizer = "";
  #likely = []; // slugs
  #pressed = null;

  constructor(root) {
    this.#root = root;
    this.#keypad = root.querySelector("[data-keypad]");
    this.#field = root.querySelector("[data-field]");
    this.#filter = new Filter(root, (query) => this.#refill(query));
  }

  connect() {
    this.#filter.connect();
  }

  /** `list`: the labels of this recognizer. */
  use(list, recognizer) {
    this.#list = list;
    this.#recognizer = recognizer;
    this.#likely = [];
    this.#keys = new Map(this.#areMany ? [] : list.labels.map((label) => [label, newKey(label)]));
    this.#keypad.classList.toggle("words", list.labels.some(({ glyph }) => !glyph));
    this.#keypad.classList.toggle("named", this.#areMany);
    this.#field.hidden = list.labels.length <= MAX_WITHOUT_SEARCH;
    this.#filter.clear();
  }

  get #areMany() {
    return this.#list !== null && this.#list.labels.length > MANY;
  }

  /** The likeliest labels, without those that are shown with their probabilities. */
  suggest(guesses) {
    if (!this.#areMany) return;
    this.#likely = guesses.slice(0, LIKELY).filter(({ probability }) => probability > 0).map(({ label }) => label);
    if (!this.#filter.query) this.#filter.clear();
  }

  /** Forget what was searched for: another drawing is begun, or labelled. */
  clear() {
    if (this.#areMany && this.#filter.query) this.#filter.clear();
  }

  /** The person has chosen this label. */
  note(slug) {
    if (!this.#areMany || !this.#list.find(slug)) return;
    const stored = recall(onDevice, STORED) ?? {};
    stored[this.#recognizer] = [slug, ...this.#recent.filter((each) => each !== slug)].slice(0, RECENT);
    remember(onDevice, STORED, stored);
  }

  get #recent() {
    const found = recall(onDevice, STORED)?.[this.#recognizer];
    return Array.isArray(found) ? found : [];
  }

  /** Focus the search field, if there is one. */
  focus() {
    if (!this.#field.hidden && this.#root.getClientRects().length) this.#filter.focus();
  }

  press(label) {
    this.#pressed = label;
    for (const key of this.#root.querySelectorAll("[data-label]")) key.setAttribute("aria-pressed", String(key.dataset.label === label));
  }

  /** Show the buttons that match. Returns whether there are labels to search. */
  #refill(query) {
    if (!this.#list) return false;
    const { labels } = this.#list;
    if (this.#areMany) this.#keypad.replaceChildren(...(query ? searchLabels(labels, query, FOUND) : this.#unasked).map(newNamedKey));
    else this.#keypad.replaceChildren(...(query ? searchLabels(labels, query, labels.length) : labels).map((label) => this.#keys.get(label)));
    this.press(this.#pressed);
    return true;
  }

  get #unasked() {
    const slugs = new Set([...this.#likely, ...this.#recent]);
    return [...slugs].map((slug) => this.#list.find(slug)).filter(Boolean);
  }
}
