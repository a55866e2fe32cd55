// The prompt above the drawing area: the recognizer's sentence with one of its labels.

import { sign } from "../shared/labels.js";
import { text } from "../shared/texts.js";

export class Prompt {
  #part;
  #recognizer;
  #lists;
  #asked = null; // the label in the heading; null for the first one
  #next = 1; // of the labels that the server proposes; the first one is already in the heading

  /** `lists`: the LabelLists of the page. */
  constructor(heading, recognizer, lists) {
    this.#part = Object.fromEntries([...heading.children].map((part) => [part.dataset.prompt, part]));
    this.#recognizer = recognizer;
    this.#lists = lists;
  }

  /** The label that it asks for; nothing while the labels have not arrived. */
  get label() {
    return this.#lists.get(this.#recognizer.slug).find(this.#asked ?? this.#recognizer.prompts[0]);
  }

  use(recognizer) {
    this.#recognizer = recognizer;
    this.#next = 0;
    this.#asked = "";
    this.#part.before.textContent = recognizer.before;
    this.#part.label.replaceChildren(); // until the labels have arrived: the one before belongs to another recognizer
    this.#part.after.textContent = recognizer.after;
    this.shuffle();
  }

  /** Ask for anything. */
  useNone() {
    this.#recognizer = { slug: "", prompts: [] };
    this.#part.before.textContent = text("drawAnything");
    this.#part.label.replaceChildren();
    this.#part.after.textContent = "";
  }

  /** Show another label. */
  async shuffle() {
    const recognizer = this.#recognizer;
    const list = await this.#lists.load(recognizer.slug);
    if (recognizer !== this.#recognizer) return;
    const label = this.#choose(list);
    this.#asked = label?.slug;
    if (label) this.#part.label.replaceChildren(sign({ ...label, glyph: label.asked, shape: label.asked === label.glyph ? label.shape : "" }));
  }

  /** Those that the server proposes, with few drawings, come first; then any. */
  #choose(list) {
    const { prompts } = this.#recognizer;
    const before = this.#asked ?? prompts[0];
    const isOther = (label) => label && label.slug !== before;
    while (this.#next < prompts.length) {
      const label = list.find(prompts[this.#next++]);
      if (isOther(label)) return label;
    }
    const others = list.labels.filter(isOther);
    return others[Math.floor(Math.random() * others.length)];
  }
}
