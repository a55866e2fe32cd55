// Search in a group of label buttons: buttons that do not match are hidden, Enter presses the best match.

const plain = (words) => words.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase().trim();

export class Filter {
  #root;
  #input;
  #none;
  #refill;

  /**
   * `root` contains buttons `.key`, an input `[data-filter]` and a message `[data-none]` for no matches. `refill(query)` may
   * put the buttons that match into the group, the best first, and return true.
   */
  constructor(root, refill = () => false) {
    this.#root = root;
    this.#refill = refill;
    this.#input = root.querySelector("[data-filter]");
    this.#none = root.querySelector("[data-none]");
  }

  connect() {
    this.#input.addEventListener("input", () => this.#narrow());
    this.#input.addEventListener("keydown", (event) => this.#press(event));
  }

  get query() {
    return this.#input.value.trim();
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  clear() {
    this.#input.value = "";
    this.#narrow();
  }

  /** Show what matches: the labels have changed. */
  narrow() {
    this.#narrow();
  }

  #press(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.#leave();
    else if (event.key === "Enter") this.#pressBest();
    else return;
    event.preventDefault();
  }

  #leave() {
    this.clear();
    this.#input.blur();
  }

  #pressBest() {
    const best = this.#root.querySelector(".key[data-best]");
    if (!best) return;
    best.click();
    this.#leave();
  }

  #narrow() {
    if (this.#refill(this.query)) return this.#markFirst();
    const wanted = plain(this.#input.value);
    const fits = this.#keys.map((key) => ({ key, fit: fitOf(key, wanted) }));
    const best = wanted ? Math.max(...fits.map(({ fit }) => fit)) : Infinity;
    for (const { key, fit } of fits) {
      key.hidden = !fit;
      delete key.dataset.best;
    }
    const first = fits.find(({ fit }) => fit && fit === best);
    if (first) first.key.dataset.best = "";
    if (this.#none) this.#none.hidden = best > 0;
  }

  #markFirst() {
    const [first] = this.#keys;
    for (const key of this.#keys) delete key.dataset.best;
    if (first && this.query) first.dataset.best = "";
    if (this.#none) this.#none.hidden = Boolean(first) || !this.query;
  }

  get #keys() {
    return [...this.#root.querySelectorAll(".key")];
  }
}

/** How well a button matches: 4 exactly, 3 at the start, 2 at the start of a word, 1 inside, 0 not at all. */
function fitOf(key, wanted) {
  const [glyph, name] = [key.textContent, key.getAttribute("aria-label") ?? ""].map(plain);
  const id = plain(key.dataset.label || key.value || "");
  if ([glyph, name, id].includes(wanted)) return 4;
  if ([name, id].some((each) => each.startsWith(wanted))) return 3;
  if (name.split(/\s+/).some((word) => word.startsWith(wanted))) return 2;
  return name.includes(wanted) ? 1 : 0;
}
