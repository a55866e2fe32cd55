// The recognizers of this site and the selected one. Switching needs no page load, so the drawing stays. The URL and a
// cookie store the choice, and Back returns to the one before; without this script the links do the same.
//
// "Any" asks all of them: the current one is then the one that gave the last answer. Where there are many, a list to
// choose from takes the place of the links on small screens.

const YEAR = 365 * 24 * 3600; // seconds
export const ANY = "any";

/** Fires "switch" when another one is selected, and "follow" when the current one changes while any is selected. */
export class Recognizers extends EventTarget {
  #all;
  #any; // { title, address, chosen }, or null
  #isAny;
  #current;
  #links;
  #list; // the <select>

  /** `links`: the element with their links; null if there is only one. */
  constructor(links, { recognizers, recognizer, any }) {
    super();
    this.#links = links;
    this.#list = links?.parentElement.querySelector("[data-recognizer-list]");
    this.#all = recognizers;
    this.#any = any;
    this.#isAny = Boolean(any?.chosen);
    this.#current = this.find(recognizer);
  }

  connect() {
    this.#links?.addEventListener("click", (event) => this.#click(event));
    this.#list?.addEventListener("change", () => this.choose(this.#list.value));
    addEventListener("popstate", ({ state }) => this.#select(state?.recognizer));
    history.replaceState({ ...history.state, recognizer: this.#chosen }, "");
    this.#show();
  }

  /** Whether all of them are asked. */
  get isAny() {
    return this.#isAny;
  }

  /** What is selected: a slug, or ANY. */
  get #chosen() {
    return this.#isAny ? ANY : this.#current.slug;
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
    const chosen = slug === ANY ? this.#any : this.find(slug);
    if (!chosen || slug === this.#chosen) return;
    history.pushState({ recognizer: slug }, "", chosen.address);
    this.#select(slug);
  }

  /** This one has answered, while any is selected. */
  follow(slug) {
    const found = this.find(slug);
    if (!this.#isAny || !found || found === this.#current) return;
    this.#current = found;
    this.dispatchEvent(new Event("follow"));
  }

  #select(slug) {
    const isAny = slug === ANY && Boolean(this.#any);
    if (slug === this.#chosen || (!isAny && !this.find(slug))) return;
    this.#isAny = isAny;
    if (!isAny) this.#current = this.find(slug);
    this.#show();
    remember(slug);
    this.dispatchEvent(new Event("switch"));
  }

  /** Select the next or previous one; after the last comes the first. */
  step(by) {
    const index = this.#all.indexOf(this.#current) + by;
    this.choose(this.#all.at(index % this.#all.length).slug);
  }

  #click(event) {
    const link = event.target.closest("[data-recognizer]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.choose(link.dataset.recognizer);
  }

  #show() {
    document.title = `${(this.#isAny ? this.#any : this.#current).title} · Inkling`;
    if (this.#list) this.#list.value = this.#chosen;
    for (const link of this.#links?.querySelectorAll("[data-recognizer]") ?? []) {
      if (link.dataset.recognizer === this.#chosen) this.#mark(link);
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

function remember(slug) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `recognizer=${slug}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
}
