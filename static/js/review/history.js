// One's last decisions, the newest first; each can be taken back.

const MOST = 30;

export class History {
  #root;
  #list;
  #template;
  #entries = new WeakMap(); // <li> -> { step, form }, for what was decided on this page

  constructor(root) {
    this.#root = root;
    this.#list = root.querySelector("[data-list]");
    this.#template = root.querySelector("template");
  }

  /** `takeBack(entry)` is called with `{ number: [name, value], said, step, form }`; the last two only for what was decided on this page. */
  connect(takeBack) {
    this.#list.addEventListener("submit", (event) => {
      event.preventDefault();
      takeBack(this.#remove(event.target.closest("li")));
    });
  }

  add(step, form) {
    const item = this.#template.content.cloneNode(true).querySelector("li");
    const picture = form.querySelector(".specimen .thumb").cloneNode(true);
    picture.querySelector("[data-whole]")?.setAttribute("d", picture.querySelector("[data-whole]").dataset.whole);
    for (const name of ["role", "aria-label", "data-replay"]) picture.removeAttribute(name);
    item.querySelector("[data-stamp]").append(picture);
    item.querySelector("[data-said]").textContent = step.said;
    this.#entries.set(item, { step, form });
    this.#list.prepend(item);
    this.#list.children[MOST]?.remove();
    this.#settle();
  }

  /** A decision that was not noted is none. */
  forget(step) {
    const item = [...this.#list.children].find((each) => this.#entries.get(each)?.step === step);
    if (item) this.#remove(item);
  }

  #remove(item) {
    const said = item.querySelector("[data-said]").textContent.trim();
    const button = item.querySelector("button");
    const entry = { number: [button.name, button.value], said, ...this.#entries.get(item) };
    item.remove();
    this.#settle();
    return entry;
  }

  /** The newest has the key. */
  #settle() {
    for (const [at, item] of [...this.#list.children].entries()) {
      const button = item.querySelector("button");
      if (at) delete button.dataset.key;
      else button.dataset.key = "z";
    }
    this.#root.hidden = !this.#list.children.length;
  }
}
