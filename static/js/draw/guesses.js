// The answer beside the drawing area: the first guess in words, the ranked guesses with bars, and
// a button for every label. Fires "label" when a person chooses one, and "shown" (detail: the label on display, or null).

import { NONE_OF_THESE } from "../api.js";
import { NO_LABELS } from "../shared/label_lists.js";
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
  #labels = NO_LABELS;
  #shown = []; // the ranked guesses on display
  #answer = null;

  constructor(panel, picker) {
    super();
    this.#panel = panel;
    this.#picker = picker;
    this.#part = Object.fromEntries([...panel.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  }

  /** Switch to the labels of this recognizer: its LabelList, which is empty until it has arrived. */
  use(list, recognizer) {
    this.#answer = null;
    this.setLabels(list, recognizer);
  }

  /** The labels of the recognizer have arrived. */
  setLabels(list, recognizer) {
    this.#labels = list;
    this.#rows.clear();
    this.#panel.toggleAttribute("data-words", list.labels.some(({ glyph, shape }) => !glyph && !shape));
    this.#panel.toggleAttribute("data-foreign", list.labels.some(isForeign));
    this.#panel.toggleAttribute("data-coded", list.hasCodes);
    this.#picker.use(list, recognizer);
    if (this.#answer && this.#panel.dataset.state !== "thanks") this.showAnswer(this.#answer);
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
    const guess = this.#answer?.guesses.find(({ label }) => label === slug);
    return this.#labels.find(slug) ?? (guess && this.#known(guess)); // the labels of a recognizer may not have arrived
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
    this.#picker.clear();
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
    this.#picker.suggest(answer.guesses.slice(Math.min(worth.length, SHOWN)));
    this.#show(answer.unsure ? "unsure" : "answer", null, this.#known(first));
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
    this.#picker.note(label.slug);
    this.#picker.clear();
    this.#show("thanks", label.slug, label);
  }

  /** A label that the person has searched for, without a drawing. */
  showFound(label) {
    this.#answer = null;
    this.#part.glyph.replaceChildren(sign(label));
    this.#part.found.replaceChildren(named(label));
    this.#picker.note(label.slug);
    this.#show("found", label.slug, label);
  }

  sentence({ spoken = false } = {}) {
    if (!this.#answer) return "";
    if (this.#answer.unsure) return text("unsure");
    const [first] = this.#answer.guesses;
    const values = { name: wordOf(this.#known(first).name), percent: percent(first.probability) };
    return text(spoken ? "looksLikeSpoken" : "looksLike", values);
  }

  /** `pressed`: the slug of the chosen label. `shown`: the label on display. */
  #show(state, pressed = null, shown = null) {
    this.#panel.dataset.state = state;
    this.#picker.press(pressed);
    this.dispatchEvent(new CustomEvent("shown", { detail: shown }));
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
    row.querySelector("[data-copy-label]").dataset.copyLabel = label.slug; // see copy_codes.js
    return row;
  }

  /** The label of a guess; a label that was added after this page was loaded is built from the guess. */
  #known({ label, glyph, name }) {
    return this.#labels.find(label) ?? { slug: label, glyph, name, tone: "blue", language: "", codes: {} };
  }
}
