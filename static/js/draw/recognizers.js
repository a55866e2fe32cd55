// The recognizers of this site, and the one that the sheet is drawn for. Switching needs no page load, so what is on the
// sheet stays; the address and a cookie remember it, and without this script the links do the same.

const YEAR = 365 * 24 * 3600; // seconds

/** Fires "switch" when another one was chosen. */
export class Recognizers extends EventTarget {
  #all;
  #current;
  #links;

  /** `links` leads to each of them; there may be none where there is only one. */
  constructor(links, { recognizers, recognizer }) {
    super();
    this.#links = links;
    this.#all = recognizers;
    this.#current = this.find(recognizer);
  }

  connect() {
    this.#links?.addEventListener("click", (event) => this.#follow(event));
    this.#show();
  }

  get current() {
    return this.#current;
  }

  get areMany() {
    return this.#all.length > 1;
  }

  find(slug) {
    return this.#all.find((each) => each.slug === slug);
  }

  choose(slug) {
    const chosen = this.find(slug);
    if (!chosen || chosen === this.#current) return;
    this.#current = chosen;
    this.#show();
    remember(chosen);
    this.dispatchEvent(new Event("switch"));
  }

  /** The next one, or the one before; after the last comes the first. */
  step(by) {
    const at = this.#all.indexOf(this.#current) + by;
    this.choose(this.#all.at(at % this.#all.length).slug);
  }

  #follow(event) {
    const link = event.target.closest("[data-recognizer]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.choose(link.dataset.recognizer);
  }

  #show() {
    for (const link of this.#links?.querySelectorAll("[data-recognizer]") ?? []) {
      if (link.dataset.recognizer === this.#current.slug) this.#mark(link);
      else link.removeAttribute("aria-current");
    }
  }

  /** Where they are many the row scrolls sideways; the page itself stays where it is. */
  #mark(link) {
    link.setAttribute("aria-current", "page");
    const row = this.#links;
    row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }
}

function remember({ slug, address }) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `recognizer=${slug}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
  history.replaceState(history.state, "", address);
}
