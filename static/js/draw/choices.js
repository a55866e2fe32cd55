// The guesses and labels to choose from. Where they have no room beside the sheet a button opens them as a panel above
// the lower part of the page (see draw.css); a choice, Escape, or a touch of anything else closes it.

export class Choices {
  #root;
  #panel;
  #buttons;
  #opener = null; // the button that opened it

  /** `root` contains the panel `[data-choices]`, buttons `[data-open-choices]`, and one to close inside the panel. */
  constructor(root) {
    this.#root = root;
    this.#panel = root.querySelector("[data-choices]");
    this.#buttons = [...root.querySelectorAll("[data-open-choices]")];
  }

  connect() {
    for (const button of this.#buttons) button.addEventListener("click", () => this.open());
    this.#panel.addEventListener("click", ({ target }) => {
      if (target.closest("[data-close-choices]")) this.#leave();
      else if (target.closest("[data-label]")) this.close();
    });
    addEventListener("keydown", ({ key }) => key === "Escape" && this.#isOpen && this.#leave());
    addEventListener("pointerdown", ({ target }) => this.#isOpen && !this.#panel.contains(target) && this.close());
  }

  /** Open the panel, unless its content has room on the page. */
  open() {
    const button = this.#buttons.find((each) => each.getClientRects().length);
    if (!button) return;
    this.#opener = button;
    this.#set(true);
    this.#panel.focus({ preventScroll: true });
  }

  close() {
    if (this.#isOpen) this.#set(false);
  }

  #leave() {
    this.close();
    this.#opener?.focus({ preventScroll: true });
  }

  get #isOpen() {
    return this.#root.hasAttribute("data-choosing");
  }

  #set(isOpen) {
    this.#root.toggleAttribute("data-choosing", isOpen);
    for (const button of this.#buttons) button.setAttribute("aria-expanded", String(isOpen));
  }
}
