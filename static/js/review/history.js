// The list of the last decisions, the newest first. Each can be undone.

const MOST = 30;

export class History {
  #root;
  #list;
  #template;
  #entries = new WeakMap(); // <li> -> { step, form }, for decisions made on this page

  constructor(root) {
    this.#root = root;
    this.#list = root.querySelector("[data-list]");
    this.#template = root.querySelector("template");
  }

  /** Calls `undo` with `{ field: [name, value], summary, step, form }`; the last two only for decisions made on this page. */
  connect(undo) {
    this.#list.addEventListener("submit", (event) => {
      event.preventDefault();
      undo(this.#remove(event.target.closest("li")));
    });
  }

  add(step, form) {
    const item = this.#template.content.cloneNode(true).querySelector("li");
    const picture = form.querySelector(".card-drawing .thumb").cloneNode(true);
    picture.querySelector("[data-whole]")?.setAttribute("d", picture.querySelector("[data-whole]").dataset.whole);
    for (const name of ["role", "aria-label", "data-replay"]) picture.removeAttribute(name);
    item.querySelector("[data-stamp]").append(picture);
    item.querySelector("[data-summary]").textContent = step.summary;
    this.#entries.set(item, { step, form });
    this.#list.prepend(item);
    this.#list.children[MOST]?.remove();
    this.#update();
  }

  /** Remove a decision that was not saved. */
  removeStep(step) {
    const item = [...this.#list.children].find((each) => this.#entries.get(each)?.step === step);
    if (item) this.#remove(item);
  }

  #remove(item) {
    const summary = item.querySelector("[data-summary]").textContent.trim();
    const button = item.querySelector("button");
    const entry = { field: [button.name, button.value], summary, ...this.#entries.get(item) };
    item.remove();
    this.#update();
    return entry;
  }

  /** Only the newest has the key. */
  #update() {
    for (const [at, item] of [...this.#list.children].entries()) {
      const button = item.querySelector("button");
      if (at) delete button.dataset.key;
      else button.dataset.key = "z";
    }
    this.#root.hidden = !this.#list.children.length;
  }
}
