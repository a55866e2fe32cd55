// Suggests another recognizer that is much surer about the drawing. Shown when the pen is up; choosing it keeps the drawing.

import { sign } from "../shared/labels.js";
import { pieces } from "../shared/texts.js";

export class OtherRecognizer {
  #line;
  #words;
  #recognizers;
  #lists;
  #offered = null; // slug of the suggested recognizer

  constructor(line, recognizers, lists) {
    this.#line = line;
    this.#words = line.querySelector("[data-words]");
    this.#recognizers = recognizers;
    this.#lists = lists;
  }

  /** The suggestion for screen readers; empty if there is none. */
  get sentence() {
    return this.#offered ? this.#words.textContent : "";
  }

  /** `settled`: the pen is up and no newer answer will follow. */
  show({ elsewhere }, { settled }) {
    if (!elsewhere) return this.clear();
    if (settled) this.#offer(elsewhere);
  }

  clear() {
    this.#offered = null;
    this.#line.hidden = true;
  }

  /** Does nothing while the suggestion is not visible. */
  choose() {
    if (this.#offered && this.#line.getClientRects().length) this.#recognizers.choose(this.#offered);
  }

  #offer({ recognizer, guess }) {
    const known = this.#recognizers.find(recognizer);
    if (!known) return this.clear(); // installed after this page was loaded
    this.#offered = recognizer;
    this.#lists.load(recognizer).then(() => this.#offered === recognizer && this.#name(known, guess));
    this.#name(known, guess);
    this.#line.hidden = false;
  }

  /** The label as it is asked for, or as the answer calls it until the labels of the recognizer have arrived. */
  #name(known, guess) {
    const label = this.#lists.get(known.slug).find(guess.label) ?? guess;
    const name = document.createElement("b");
    name.append(sign({ ...label, glyph: label.asked ?? guess.glyph }));
    this.#words.replaceChildren(...pieces("otherRecognizer", { name, recognizer: known.name }));
  }
}
