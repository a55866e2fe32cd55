// Why an answer is one's own: the drawings of one's memory that made the difference, and what the model alone would say.
// The line keeps its place, so that nothing moves; it waits until the pen is up, so that nothing flickers.

import { either, percent, text } from "../shared/texts.js";

export class Because {
  #panel;
  #line;
  #part;
  #thumbnails;
  #answer = null; // that the line speaks about
  #label = null; // of its first guess
  #alone = ""; // what the model alone says, where that is something else

  constructor(panel, thumbnails) {
    this.#panel = panel;
    this.#line = panel.querySelector("[data-because]");
    this.#part = Object.fromEntries([...this.#line.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.#thumbnails = thumbnails;
  }

  /** Keep a place for the line, while there is something remembered that it may speak about. */
  makeRoom(holds = true) {
    this.#panel.toggleAttribute("data-remembers", holds);
  }

  /** `settled`: the pen is up and no newer answer is on its way. */
  show(answer, { settled }) {
    const { guesses, personal } = answer;
    const speaks = personal.because.length > 0 || personal.changed;
    if (speaks && settled) this.#tell(answer);
    else if (!speaks || guesses[0].label !== this.#label) this.clear();
  }

  clear() {
    this.#answer = null;
    this.#label = null;
    this.#alone = "";
    delete this.#line.dataset.told;
  }

  /** The spoken answer, and what it would be without memory, where that is something else. */
  spoken(answer) {
    return this.#alone && answer ? text("personalSpoken", { answer, alone: this.#alone }) : answer;
  }

  /** The line comes when it is known what one said of the drawings: at once, but for the first time that each is shown. */
  async #tell(answer) {
    const { guesses, personal } = answer;
    this.makeRoom();
    this.#answer = answer;
    this.#label = guesses[0].label;
    this.#alone = personal.changed ? whatItSays(personal.model, "name") : "";
    const said = await Promise.all(personal.because.map((id) => this.#thumbnails.said(id)));
    if (this.#answer !== answer) return;
    this.#part.why.textContent = why(answer, said.filter(Boolean));
    this.#part.alone.textContent = personal.changed ? text("alone", { alone: whatItSays(personal.model, "glyph") }) : "";
    this.#showDrawings(personal.because);
    this.#line.dataset.told = "";
  }

  #showDrawings(ids) {
    const frames = ids.map((id) => this.#thumbnails.frame(id));
    const shown = [...this.#part.drawings.children];
    if (frames.length !== shown.length || frames.some((frame, i) => frame !== shown[i])) this.#part.drawings.replaceChildren(...frames);
  }
}

/** `said`: the labels of the drawings, as far as they are known. Memory may also speak against the first guess. */
function why({ guesses: [first], personal }, said) {
  const names = [...new Set(said.map(({ glyph, name }) => glyph || name))];
  if (!names.length) return personal.changed ? text("byYourDrawings") : "";
  return text(said.every(({ label }) => label === first.label) ? "because" : "called", { name: either(names) });
}

/** A guess in words, by its `glyph` for the eye or by its `name` for the ear. */
function whatItSays({ guesses: [first], unsure }, by) {
  return unsure ? text("unsureAlone") : text("guess", { name: first[by] || first.name, percent: percent(first.probability) });
}
