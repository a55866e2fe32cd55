// Says which labels of other recognizers look like the one on display, with links that keep the drawing: an O is a 0 too.

import { sign } from "../shared/labels.js";
import { pieces } from "../shared/texts.js";

export class SameShape {
  #line;
  #words;
  #recognizers;
  #all;

  /** `all`: by slug of a recognizer and of its label, what looks like it: [{ recognizer, label, glyph, name, language }]. */
  constructor(line, recognizers, all) {
    this.#line = line;
    this.#words = line.querySelector("[data-words]");
    this.#recognizers = recognizers;
    this.#all = all;
  }

  /** The hint for screen readers; empty if there is none. */
  get sentence() {
    return this.#line.hidden ? "" : this.#words.textContent;
  }

  /** `label`: the slug of the first guess or of the chosen label; null clears. */
  show(label) {
    const { isAny, current } = this.#recognizers;
    const found = (!isAny && this.#all[current.slug]?.[label]) || []; // "any" shows those that answered
    this.#line.hidden = !found.length;
    if (!found.length) return;
    const links = found.flatMap((each, index) => (index ? [", ", this.#link(each)] : [this.#link(each)]));
    this.#words.replaceChildren(...pieces("sameShape", { names: wrap(links) }));
  }

  clear() {
    this.show(null);
  }

  #link(other) {
    const { slug, name, address } = this.#recognizers.find(other.recognizer);
    const link = document.createElement("a");
    link.href = address;
    link.append(...pieces("labelInRecognizer", { name: sign(other), recognizer: name }));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.#recognizers.choose(slug);
    });
    return link;
  }
}

function wrap(nodes) {
  const span = document.createElement("span");
  span.append(...nodes);
  return span;
}
