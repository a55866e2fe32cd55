// Shows why the personal memory changed an answer: similar drawings, and the model's answer without them. The line keeps its
// place so that nothing moves, and is updated when the pen is up so that nothing flickers.

import { either, percent, text, wordOf } from "../shared/texts.js";

export class MemoryReasons {
  #panel;
  #line;
  #part;
  #thumbnails;
  #answer = null; // to which the line belongs
  #label = null; // of its first guess
  #modelAnswer = ""; // without the memory, if it differs

  constructor(panel, thumbnails) {
    this.#panel = panel;
    this.#line = panel.querySelector("[data-memory-reasons]");
    this.#part = Object.fromEntries([...this.#line.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.#thumbnails = thumbnails;
  }

  /** Reserve space for the line while the personal memory has drawings. */
  setVisible(visible = true) {
    this.#panel.toggleAttribute("data-remembers", visible);
  }

  /** `settled`: the pen is up and no newer answer will follow. */
  show(answer, { settled }) {
    const { guesses, personal } = answer;
    const hasReason = personal.because.length > 0 || personal.changed;
    if (hasReason && settled) this.#showReason(answer);
    else if (!hasReason || guesses[0].label !== this.#label) this.clear();
  }

  clear() {
    this.#answer = null;
    this.#label = null;
    this.#modelAnswer = "";
    delete this.#line.dataset.shown;
  }

  /** The answer for screen readers, with the answer without memory if it differs. */
  spoken(answer) {
    return this.#modelAnswer && answer ? text("personalSpoken", { answer, modelAnswer: this.#modelAnswer }) : answer;
  }

  /** The labels of the similar drawings are fetched first, and cached. */
  async #showReason(answer) {
    const { guesses, personal } = answer;
    this.setVisible();
    this.#answer = answer;
    this.#label = guesses[0].label;
    this.#modelAnswer = personal.changed ? guessText(personal.model, "name") : "";
    const labels = await Promise.all(personal.because.map((id) => this.#thumbnails.label(id)));
    if (this.#answer !== answer) return;
    this.#part.reason.textContent = reasonText(answer, labels.filter(Boolean));
    this.#part.modelAnswer.textContent = personal.changed ? text("modelAnswer", { modelAnswer: guessText(personal.model, "glyph") }) : "";
    this.#showDrawings(personal.because);
    this.#line.dataset.shown = "";
  }

  #showDrawings(ids) {
    const frames = ids.map((id) => this.#thumbnails.frame(id));
    const shown = [...this.#part.drawings.children];
    if (frames.length !== shown.length || frames.some((frame, i) => frame !== shown[i])) this.#part.drawings.replaceChildren(...frames);
  }
}

/** `labels`: the labels of the similar drawings that are known. The memory may also contradict the first guess. */
function reasonText({ guesses: [first], personal }, labels) {
  const names = [...new Set(labels.map(({ glyph, name }) => glyph || wordOf(name)))];
  if (!names.length) return personal.changed ? text("memoryChangedThis") : "";
  return text(labels.every(({ label }) => label === first.label) ? "youDrawLikeThis" : "youLabelledSimilar", { name: either(names) });
}

/** A guess as text, with the label's `glyph` on screen or its `name` for screen readers. */
function guessText({ guesses: [first], unsure }, by) {
  return unsure ? text("unsureInText") : text("guess", { name: (by === "glyph" && first.glyph) || wordOf(first.name), percent: percent(first.probability) });
}
