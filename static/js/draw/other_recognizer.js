// "Which one am I drawing?": a quiet line where another recognizer is far surer of what is on the sheet. It waits until the
// pen is up, so that nothing flickers; one tap switches and keeps the drawing.

import { sign } from "../shared/labels.js";
import { pieces } from "../shared/texts.js";

export class Elsewhere {
  #line;
  #words;
  #recognizers;
  #offered = null; // the slug of the recognizer that is surer

  constructor(line, recognizers) {
    this.#line = line;
    this.#words = line.querySelector("[data-words]");
    this.#recognizers = recognizers;
  }

  /** What the line says, for those who listen; nothing while it says nothing. */
  get sentence() {
    return this.#offered ? this.#words.textContent : "";
  }

  /** `settled`: the pen is up and no newer answer is on its way. */
  show({ elsewhere }, { settled }) {
    if (!elsewhere) return this.clear();
    if (settled) this.#offer(elsewhere);
  }

  clear() {
    this.#offered = null;
    this.#line.hidden = true;
  }

  /** Only what can be seen can be taken: after an answer the line is away until that is taken back. */
  take() {
    if (this.#offered && this.#line.getClientRects().length) this.#recognizers.choose(this.#offered);
  }

  #offer({ recognizer, title, guess }) {
    const known = this.#recognizers.find(recognizer);
    if (!known) return this.clear(); // installed since this page was made
    const label = known.labels.find(({ slug }) => slug === guess.label) ?? guess;
    const name = document.createElement("b");
    name.append(sign({ ...label, glyph: label.asked ?? guess.glyph }));
    this.#words.replaceChildren(...pieces("elsewhere", { name, recognizer: title }));
    this.#offered = recognizer;
    this.#line.hidden = false;
  }
}
