// The answer beside the drawing area: the first guess in words, the ranked guesses with bars, and
// a button for every label. Fires "label" when a person chooses one.

import { NONE_OF_THESE } from "../api.js";
import { isForeign, named, sign } from "../shared/labels.js";
import { integer, percent, pieces, text, wordOf } from "../shared/texts.js";

const SHOWN = 4;
const WORTH_SHOWING = 0.005; // a smaller probability is 0 %
const GLIDE_MS = 120;

export class Guesses extends EventTarget {
  #panel;
  #picker;
  #part;
  #rows = new Map(); // label -> <li>, kept so that bars and positions are animated
  #labels = new Map();
  #shown = []; // the ranked guesses on display
  #answer = null;

  constructor(panel, picker) {
    super();
    this.#panel = panel;
    this.#picker = picker;
    this.#part = Object.fromEntries([...panel.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  }

  /** Switch to the labels of this recognizer. */
  use(recognizer) {
    this.#labels = new Map(recognizer.labels.map((label) => [label.slug, label]));
    this.#rows.clear();
    this.#answer = null;
    this.#panel.toggleAttribute("data-words", recognizer.labels.some(({ glyph }) => !glyph));
    this.#panel.toggleAttribute("data-foreign", recognizer.labels.some(isForeign));
    this.#picker.use(recognizer);
  }

  connect() {
    this.#panel.addEventListener("click", (event) => {
      const label = event.target.closest("[data-label]")?.dataset.label;
      if (label) this.dispatchEvent(new CustomEvent("label", { detail: label }));
    });
  }

  /** The answer on display, or null. */
  get answer() {
    return this.#answer;
  }

  /** The number of the version whose answer on this device is on display; null if the server answered, or nobody. */
  get versionHere() {
    return this.#answer?.on_device ? this.#answer.model_version : null;
  }

  /** The label that Enter would confirm; nothing when the model is not sure. */
  get first() {
    return this.#answer && !this.#answer.unsure ? this.#answer.guesses[0] : null;
  }

  label(slug) {
    if (slug === NONE_OF_THESE) return { slug, glyph: "", name: text("noneOfThese") };
    return this.#labels.get(slug);
  }

  /** The label of the guess at this position, from 1; undefined if there is none. */
  labelAt(number) {
    return this.#shown[number - 1]?.label;
  }

  showEmpty() {
    this.#answer = null;
    this.#show("empty");
  }

  /** The first answer is on its way. */
  showWaiting() {
    this.#show("waiting");
  }

  /** There is no answer at the moment; the label can be chosen all the same. */
  showAway() {
    this.#answer = null;
    this.#rank([]);
    this.#show("away");
  }

  showAnswer(answer) {
    this.#answer = answer;
    const [first] = answer.guesses;
    this.#part.glyph.replaceChildren(answer.unsure ? "?" : sign(this.#known(first)));
    this.#part.verdict.replaceChildren(...(answer.unsure ? [text("unsure")] : pieces("looksLike", { name: named(this.#known(first)) })));
    this.#part.best.replaceChildren(sign(this.#known(first)));
    this.#part.confirm.classList.toggle("primary", !answer.unsure);
    this.#part.confirm.dataset.label = first.label;
    this.#part.version.textContent = text(answer.on_device ? "answeredHere" : "answeredByServer", { version: integer(answer.model_version) });
    const worth = answer.guesses.filter((guess) => guess.probability >= WORTH_SHOWING);
    this.#rank(worth.slice(0, SHOWN));
    this.#show(answer.unsure ? "unsure" : "answer");
  }

  /** The picture is blank: there is nothing to choose a label for. */
  showBlank() {
    this.#answer = null;
    this.#show("blank");
  }

  get isBlank() {
    return this.#panel.dataset.state === "blank";
  }

  /** The label that the person chose. */
  showThanks(label, headline) {
    this.#part.glyph.replaceChildren(sign(label));
    this.#part.thanks.textContent = headline;
    this.#panel.toggleAttribute("data-none", label.slug === NONE_OF_THESE);
    this.#show("thanks", label.slug);
  }

  sentence({ spoken = false } = {}) {
    if (!this.#answer) return "";
    if (this.#answer.unsure) return text("unsure");
    const [first] = this.#answer.guesses;
    const values = { name: wordOf(this.#known(first).name), percent: percent(first.probability) };
    return text(spoken ? "looksLikeSpoken" : "looksLike", values);
  }

  #show(state, label = null) {
    this.#panel.dataset.state = state;
    this.#picker.press(label);
  }

  #rank(guesses) {
    const list = this.#part.list;
    const before = new Map([...list.children].map((row) => [row, row.offsetTop]));
    const rows = guesses.map((guess) => this.#row(guess));
    this.#shown = guesses;
    list.replaceChildren(...rows);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const row of rows) {
      const moved = (before.get(row) ?? row.offsetTop) - row.offsetTop;
      if (moved) row.animate([{ transform: `translateY(${moved}px)` }, {}], { duration: GLIDE_MS, easing: "ease-out" });
    }
  }

  #row(guess) {
    const { label } = guess;
    const { name } = this.#known(guess);
    if (!this.#rows.has(label)) this.#rows.set(label, this.#newRow(this.#known(guess)));
    const row = this.#rows.get(label);
    row.querySelector(".bar").style.setProperty("--share", guess.probability);
    row.querySelector(".share").textContent = percent(guess.probability);
    const shown = [...row.querySelectorAll(".glyph, .share")].map((part) => part.textContent).join(" ");
    row.firstElementChild.setAttribute("aria-label", text("chooseGuess", { shown, name: wordOf(name) }));
    return row;
  }

  #newRow(label) {
    const row = this.#part.row.content.firstElementChild.cloneNode(true);
    row.firstElementChild.dataset.label = label.slug;
    row.firstElementChild.classList.add(`tone-${label.tone}`);
    row.querySelector(".glyph").append(sign(label), ...(isForeign(label) ? [" ", named(label)] : []));
    return row;
  }

  /** The label of a guess; a label that was added after this page was loaded is built from the guess. */
  #known({ label, glyph, name }) {
    return this.#labels.get(label) ?? { slug: label, glyph, name, tone: "blue", language: "" };
  }
}
