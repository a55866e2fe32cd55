// The recognizers of this site and the selected one. Switching needs no page load, so the drawing stays. The URL and a
// cookie store the choice, and Back returns to the one before; without this script the links do the same.

const YEAR = 365 * 24 * 3600; // seconds

/** Fires "switch" when another one is selected. */
export class Recognizers extends EventTarget {
  #all;
  #current;
  #links;

  /** `links`: the element with their links; null if there is only one. */
  constructor(links, { recognizers, recognizer }) {
    super();
    this.#links = links;
    this.#all = recognizers;
    this.#current = this.find(recognizer);
  }

  connect() {
    this.#links?.addEventListener("click", (event) => this.#follow(event));
    addEventListener("popstate", ({ state }) => this.#select(this.find(state?.recognizer)));
    history.replaceState({ ...history.state, recognizer: this.#current.slug }, "");
    this.#show();
  }

  get current() {
    return this.#current;
  }

  get areMany() {
    return this.#all.length > 1;
  }

  /** The slugs of the recognizers that are not selected. */
  get others() {
    return this.#all.filter((each) => each !== this.#current).map(({ slug }) => slug);
  }

  find(slug) {
    return this.#all.find((each) => each.slug === slug);
  }

  choose(slug) {
    const chosen = this.find(slug);
    if (!chosen || chosen === this.#current) return;
    history.pushState({ recognizer: slug }, "", chosen.address);
    this.#select(chosen);
  }

  #select(chosen) {
    if (!chosen || chosen === this.#current) return;
    this.#current = chosen;
    this.#show();
    remember(chosen);
    this.dispatchEvent(new Event("switch"));
  }

  /** Select the next or previous one; after the last comes the first. */
  step(by) {
    const index = this.#all.indexOf(this.#current) + by;
    this.choose(this.#all.at(index % this.#all.length).slug);
  }

  #follow(event) {
    const link = event.target.closest("[data-recognizer]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.choose(link.dataset.recognizer);
  }

  #show() {
    document.title = `${this.#current.title} · Inkling`;
    for (const link of this.#links?.querySelectorAll("[data-recognizer]") ?? []) {
      if (link.dataset.recognizer === this.#current.slug) this.#mark(link);
      else link.removeAttribute("aria-current");
    }
  }

  /** Scroll the row, not the page, to the selected link. */
  #mark(link) {
    link.setAttribute("aria-current", "page");
    const row = this.#links;
    row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }
}

function remember({ slug }) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `recognizer=${slug}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
}
