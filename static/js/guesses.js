// What the model says, beside the sheet: the first guess in words, the ranked guesses with bars
// that glide, and a key for every label. Fires "say" with the label that a person tapped.

import { percent, text } from "./texts.js";

const SHOWN = 4;
const WORTH_SHOWING = 0.01; // of the guesses when the model is not sure
const GLIDE_MS = 120;

export class Guesses extends EventTarget {
  #panel;
  #part;
  #rows = new Map(); // label -> <li>, kept so that bars and places can glide
  #labels;
  #answer = null;

  constructor(panel, labels) {
    super();
    this.#panel = panel;
    this.#labels = new Map(labels.map((label) => [label.slug, label]));
    this.#part = Object.fromEntries([...panel.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  }

  connect() {
    this.#panel.addEventListener("click", (event) => {
      const label = event.target.closest("[data-label]")?.dataset.label;
      if (label) this.dispatchEvent(new CustomEvent("say", { detail: label }));
    });
  }

  /** The answer on display, or null. */
  get answer() {
    return this.#answer;
  }

  /** The label that Enter would confirm; nothing when the model is not sure. */
  get first() {
    return this.#answer && !this.#answer.unsure ? this.#answer.guesses[0] : null;
  }

  label(slug) {
    return this.#labels.get(slug);
  }

  showEmpty() {
    this.#answer = null;
    this.#show("empty");
  }

  /** The first answer is under way. */
  showWaiting() {
    if (!this.#answer) this.#show("waiting");
  }

  showAnswer(answer) {
    this.#answer = answer;
    const [first] = answer.guesses;
    this.#part.glyph.textContent = answer.unsure ? "?" : first.glyph || first.name;
    this.#part.verdict.textContent = this.sentence();
    this.#part.confirm.hidden = answer.unsure;
    this.#part.confirm.dataset.label = first.label;
    const worth = answer.guesses.filter((guess) => !answer.unsure || guess.probability >= WORTH_SHOWING);
    this.#rank(worth.slice(0, SHOWN));
    this.#show(answer.unsure ? "unsure" : "answer");
  }

  /** The sheet holds something in which there is nothing to recognise, such as a dot. */
  showNothing() {
    this.#answer = null;
    this.#part.glyph.textContent = "?";
    this.#part.verdict.textContent = text("nothing");
    this.#part.confirm.hidden = true;
    this.#rank([]);
    this.#show("unsure");
  }

  /** What was said; `news` tells what happens with it, in words and nodes of the page's own. */
  showThanks(label, headline) {
    this.#part.glyph.textContent = label.glyph || label.name;
    this.#part.thanks.textContent = headline;
    this.#show("thanks", label.slug);
  }

  /** One line of news about the drawing that was answered: the element of this name, no other. */
  showFate(name) {
    for (const line of this.#panel.querySelectorAll("[data-fate]")) line.hidden = line.dataset.fate !== name;
  }

  sentence({ spoken = false } = {}) {
    if (!this.#answer) return "";
    if (this.#answer.unsure) return text("unsure");
    const { name, probability } = this.#answer.guesses[0];
    return text(spoken ? "looksLikeSpoken" : "looksLike", { name, percent: percent(probability) });
  }

  #show(state, said = null) {
    this.#panel.dataset.state = state;
    for (const key of this.#panel.querySelectorAll("[data-key]")) {
      key.setAttribute("aria-pressed", String(key.dataset.label === said));
    }
  }

  #rank(guesses) {
    const list = this.#part.list;
    const before = new Map([...list.children].map((row) => [row, row.offsetTop]));
    const rows = guesses.map((guess) => this.#row(guess));
    list.replaceChildren(...rows);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const row of rows) {
      const moved = (before.get(row) ?? row.offsetTop) - row.offsetTop;
      if (moved) row.animate([{ transform: `translateY(${moved}px)` }, {}], { duration: GLIDE_MS, easing: "ease-out" });
    }
  }

  #row({ label, glyph, name, probability }) {
    if (!this.#rows.has(label)) this.#rows.set(label, this.#newRow(label, glyph || name));
    const row = this.#rows.get(label);
    row.querySelector(".bar").style.setProperty("--share", probability);
    row.querySelector(".share").textContent = percent(probability);
    row.firstElementChild.setAttribute("aria-label", text("sayIt", { name, percent: percent(probability) }));
    return row;
  }

  #newRow(label, glyph) {
    const row = this.#part.row.content.firstElementChild.cloneNode(true);
    row.firstElementChild.dataset.label = label;
    row.querySelector(".glyph").textContent = glyph;
    return row;
  }
}
