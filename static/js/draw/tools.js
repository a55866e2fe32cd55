// The row of tools below the sheet, and the little sheet with pen widths and colours.

export class Tools {
  #toolbar;
  #taste;
  #pen;

  constructor(toolbar, taste) {
    this.#toolbar = toolbar;
    this.#taste = taste;
    this.#pen = toolbar.querySelector("[data-pen-menu]");
  }

  connect() {
    this.#pen.addEventListener("input", (event) => this.#choose(event.target));
    this.#taste.addEventListener("change", () => this.#show());
    addEventListener("pointerdown", (event) => this.#pen.contains(event.target) || this.#close());
    this.#pen.addEventListener("keydown", (event) => event.key === "Escape" && this.#close({ focus: true }));
    this.#show();
  }

  enable(states) {
    for (const [name, enabled] of Object.entries(states)) {
      this.#toolbar.querySelector(`[data-do="${name}"]`).setAttribute("aria-disabled", String(!enabled));
    }
  }

  #choose({ type, value }) {
    this.#taste.change(type === "range" ? { width: Number(value) } : { colour: value });
  }

  #show() {
    this.#pen.querySelector("[type=range]").value = this.#taste.width;
    const colour = this.#pen.querySelector(`[type=radio][value="${CSS.escape(this.#taste.colour)}"]`);
    if (colour) colour.checked = true;
  }

  #close({ focus = false } = {}) {
    this.#pen.open = false;
    if (focus) this.#pen.querySelector("summary").focus();
  }
}
