// The toolbar below the drawing area, and the menu for pen width and colour.

export class Tools {
  #toolbar;
  #settings;
  #pen;

  constructor(toolbar, settings) {
    this.#toolbar = toolbar;
    this.#settings = settings;
    this.#pen = toolbar.querySelector("[data-pen-menu]");
  }

  connect() {
    this.#pen.addEventListener("input", (event) => this.#choose(event.target));
    this.#settings.addEventListener("change", () => this.#show());
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
    this.#settings.change(type === "range" ? { width: Number(value) } : { colour: value });
  }

  #show() {
    this.#pen.querySelector("[type=range]").value = this.#settings.width;
    const colour = this.#pen.querySelector(`[type=radio][value="${CSS.escape(this.#settings.colour)}"]`);
    if (colour) colour.checked = true;
  }

  #close({ focus = false } = {}) {
    this.#pen.open = false;
    if (focus) this.#pen.querySelector("summary").focus();
  }
}
