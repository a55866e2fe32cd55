// What the model says, beside the sheet: the first guess in words, the ranked guesses with bars
// that glide, and a key for every label. Fires "say" with the label that a person tapped.

import { isForeign, named, sign } from "../shared/labels.js";
import { percent, pieces, text } from "../shared/texts.js";

const SHOWN = 4;
const WORTH_SHOWING = 0.01; // of the guesses when the model is not sure
const GLIDE_MS = 120;

export class Guesses extends EventTarget {
  #panel;
  #picker;
  #part;
  #rows = new Map(); // label -> <li>, kept so that bars and places can glide
  #labels = new Map();
  #shown = []; // the ranked guesses on display
  #answer = null;

  constructor(panel, picker) {
    super();
    this.#panel = panel;
    this.#picker = picker;
    this.#part = Object.fromEntries([...panel.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  }

  /** Answers are about the labels of this recognizer from now on. */
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

  /** The label that stands in the numberth place, from 1; undefined beyond the last. */
  inPlace(number) {
    return this.#shown[number - 1]?.label;
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
    this.#part.glyph.replaceChildren(answer.unsure ? "?" : sign(this.#known(first)));
    this.#part.verdict.replaceChildren(...(answer.unsure ? [text("unsure")] : pieces("looksLike", { name: named(this.#known(first)) })));
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
    this.#part.glyph.replaceChildren(sign(label));
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
    this.#picker.press(said);
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
    const { label, name } = guess;
    if (!this.#rows.has(label)) this.#rows.set(label, this.#newRow(this.#known(guess)));
    const row = this.#rows.get(label);
    row.querySelector(".bar").style.setProperty("--share", guess.probability);
    row.querySelector(".share").textContent = percent(guess.probability);
    row.firstElementChild.setAttribute("aria-label", text("sayIt", { name, percent: percent(guess.probability) }));
    return row;
  }

  #newRow(label) {
    const row = this.#part.row.content.firstElementChild.cloneNode(true);
    row.firstElementChild.dataset.label = label.slug;
    row.firstElementChild.classList.add(`tone-${label.tone}`);
    row.querySelector(".glyph").append(sign(label), ...(isForeign(label) ? [named(label)] : []));
    return row;
  }

  /** A guess with all that is known of its label; one that came after this page was made knows itself. */
  #known({ label, glyph, name }) {
    return this.#labels.get(label) ?? { slug: label, glyph, name, tone: "blue", language: "" };
  }
}
