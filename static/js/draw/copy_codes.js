// Copies the code of a label: of the one on display by a button and by key, and of each guess by a button in its row.
// The format that was chosen last is used, and remembered on the device.

import { copy } from "../shared/clipboard.js";
import { onDevice, recall, remember } from "../shared/storage.js";
import { pieces, text } from "../shared/texts.js";
import { codeOf, FORMATS, furtherCodes, usePackage } from "./codes.js";

const FORMAT = "inkling.format";
const SAID_MS = 2000;
const READ_MS = 10_000; // for a longer message

export class CopyCodes {
  #panel;
  #line;
  #part;
  #format;
  #announcer;
  #guesses;
  #label = null; // on display
  #timer = 0;

  /** `panel` contains the line `[data-codes]`, and buttons `[data-copy-label]` in the rows of the guesses. */
  constructor(panel, guesses, announcer) {
    this.#panel = panel;
    this.#line = panel.querySelector("[data-codes]");
    this.#part = Object.fromEntries([...this.#line.querySelectorAll("[data-code]")].map((part) => [part.dataset.code, part]));
    this.#format = this.#line.querySelector("select");
    this.#announcer = announcer;
    this.#guesses = guesses;
    guesses.addEventListener("shown", ({ detail }) => this.#show(detail));
    panel.addEventListener("click", ({ target }) => this.#clicked(target.closest("[data-copy-label]")));
  }

  connect() {
    const last = recall(onDevice, FORMAT);
    if (FORMATS.includes(last)) this.#format.value = last;
    this.#format.addEventListener("change", () => {
      remember(onDevice, FORMAT, this.#format.value);
      this.#show(this.#label);
    });
  }

  /** Copy the code of the label on display; does nothing if there is none. */
  copy() {
    if (this.#label && !this.#line.hidden) this.#copy(this.#label);
  }

  #show(label) {
    this.#label = label;
    const code = label?.codes ? codeOf(label, this.#format.value) : null;
    this.#line.hidden = !code;
    for (const button of this.#panel.querySelectorAll("[data-copy-label]")) this.#describe(button);
    if (!code) return;
    this.#part.text.textContent = code.text;
    this.#part.needs.replaceChildren(...this.#needs(code), ...this.#further(label, code.format));
  }

  /** What else is needed to use the code. */
  #needs({ format, needs, mode }) {
    const words = [];
    if (format !== this.#format.value) words.push(text("copyOther", { format: this.#nameOf(format) }), " ");
    if (needs) words.push(...pieces("codePackage", { code: inCode(usePackage(needs)) }), " ");
    if (mode && mode !== "both") words.push(text(mode === "math" ? "codeMath" : "codeText"), " ");
    return words;
  }

  #further(label, format) {
    const others = furtherCodes(label, format);
    return others.length ? [text("codeFurther"), ...others.flatMap(({ text: code, needs }) => [" ", inCode(code), needs && ` (${needs})`])] : [];
  }

  #nameOf(format) {
    return [...this.#format.options].find(({ value }) => value === format).textContent;
  }

  /** The row of a guess shows its code, and its button says that it copies it. */
  #describe(button) {
    const label = this.#guesses.label(button.dataset.copyLabel);
    const code = label ? codeOf(label, this.#format.value) : null;
    button.hidden = !code;
    button.closest("li").querySelector("[data-code-of]").textContent = code?.text ?? "";
    if (code) button.setAttribute("aria-label", text("copyCode", { code: code.text }));
  }

  #clicked(button) {
    const label = button && this.#guesses.label(button.dataset.copyLabel);
    if (label) this.#copy(label, button);
  }

  async #copy(label, button = this.#line.querySelector("button")) {
    const code = codeOf(label, this.#format.value);
    const isCopied = await copy(code.text);
    const words = text(isCopied ? "copied" : "notCopied", { code: code.text });
    this.#announcer.now(isCopied && code.needs ? `${words} ${text("codePackage", { code: usePackage(code.needs) })}` : words);
    this.#forget();
    if (isCopied) mark(button, true);
    else this.#part.status.textContent = words;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#forget(), isCopied ? SAID_MS : READ_MS);
  }

  #forget() {
    this.#part.status.textContent = "";
    for (const button of this.#panel.querySelectorAll("[data-copied]")) mark(button, false);
  }
}

/** A check mark takes the place of the button's icon for a moment. */
function mark(button, isCopied) {
  const use = button.querySelector("use");
  button.toggleAttribute("data-copied", isCopied);
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, isCopied ? "#check" : "#copy"));
}

function inCode(words) {
  const code = document.createElement("code");
  code.textContent = words;
  return code;
}
