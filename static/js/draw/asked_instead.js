// A quiet line on the sheet when the drawing is clearly another label than the prompt asks for.

import { sign } from "../shared/labels.js";
import { pieces } from "../shared/texts.js";

export class AskedInstead {
  #line;
  #prompt;

  constructor(line, prompt) {
    this.#line = line;
    this.#prompt = prompt;
  }

  /** The line for screen readers; empty if it is hidden. */
  get sentence() {
    return this.#line.hidden ? "" : this.#line.textContent;
  }

  /** `labels`: those of the recognizer. `settled`: the pen is up and no newer answer will follow. */
  show({ guesses: [first], unsure }, labels, { settled }) {
    const { label: asked } = this.#prompt;
    const drawn = labels.find(({ slug }) => slug === first.label);
    if (!settled || unsure || !asked || !drawn || asked.slug === drawn.slug) return this.clear();
    this.#line.replaceChildren(...pieces("askedInstead", { asked: shown(asked), drawn: shown(drawn) }));
    this.#line.hidden = false;
  }

  clear() {
    this.#line.hidden = true;
  }
}

/** Words as the prompt has them: "a moon". */
const shown = (label) => sign({ ...label, glyph: label.glyph || label.asked });
