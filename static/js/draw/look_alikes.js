// When all recognizers are asked: which of them answered, and side by side what it may be as well: what others see that are
// nearly as sure, and what is drawn in the same way. A circle can be an O or a zero.

import { sign } from "../shared/labels.js";
import { text, wordOf } from "../shared/texts.js";

/** Fires "choose" (detail: { recognizer, label }) when a person says that it is one of them. */
export class LookAlikes extends EventTarget {
  #root;
  #words;
  #list;
  #recognizers;
  #lists;
  #sameShape;

  /** `sameShape`: as in same_shape.js. */
  constructor(root, { recognizers, lists, sameShape }) {
    super();
    this.#root = root;
    this.#words = root.querySelector("p");
    this.#list = root.querySelector("ul");
    this.#recognizers = recognizers;
    this.#lists = lists;
    this.#sameShape = sameShape;
  }

  show({ recognizer, alike = [], guesses: [first], unsure }) {
    if (!this.#recognizers.isAny) return this.clear();
    const same = unsure ? [] : this.#sameShape[recognizer]?.[first.label] ?? [];
    const isNew = (each) => !alike.some(({ recognizer: other, guess }) => other === each.recognizer && guess.label === each.label);
    const others = [...alike, ...same.filter(isNew).map((guess) => ({ recognizer: guess.recognizer, guess }))];
    this.#list.replaceChildren(...others.map((each) => this.#item(each)).filter(Boolean));
    this.#list.hidden = !this.#list.children.length;
    const { name } = this.#recognizers.find(recognizer) ?? this.#recognizers.current;
    this.#words.textContent = text(this.#list.hidden ? "answeredBy" : "answeredByOrIs", { recognizer: name });
    this.#root.hidden = false;
  }

  clear() {
    this.#root.hidden = true;
  }

  #item({ recognizer, guess }) {
    const known = this.#recognizers.find(recognizer);
    if (!known) return null; // installed after this page was loaded
    this.#lists.load(recognizer); // for whoever chooses it
    const label = this.#lists.get(recognizer).find(guess.label) ?? guess;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    const glyph = document.createElement("b");
    glyph.append(sign(label));
    const from = document.createElement("span");
    from.className = "small muted";
    from.textContent = known.name;
    button.append(glyph, " ", from);
    button.setAttribute("aria-label", text("itIsInstead", { name: wordOf(label.name), recognizer: known.name }));
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("choose", { detail: { recognizer, label: guess.label } })));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }
}
