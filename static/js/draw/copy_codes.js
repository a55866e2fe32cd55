// Copies the code of a label: of the one on display by a button and by key, and of each guess by a button in its row.
// The format that was chosen last is used, and remembered on the device.

import { onDevice, recall, remember } from "../shared/storage.js";
import { text } from "../shared/texts.js";
import { codeOf, FORMATS, furtherCodes } from "./codes.js";

const FORMAT = "inkling.format";
const SAID_MS = 2000;

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
    if (format !== this.#format.value) words.push(text("copyOther", { format: this.#nameOf(format) }));
    if (needs) words.push(text("codePackage", { name: needs }));
    if (mode && mode !== "both") words.push(text(mode === "math" ? "codeMath" : "codeText"));
    return words.length ? [`${words.join(" ")} `] : [];
  }

  #further(label, format) {
    const others = furtherCodes(label, format);
    if (!others.length) return [];
    const codes = document.createElement("code");
    codes.textContent = others.join(" ");
    return [`${text("codeFurther")} `, codes];
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

  async #copy(label, button = null) {
    const code = codeOf(label, this.#format.value);
    const isCopied = await write(code.text);
    const words = isCopied ? text("copied", { code: code.text }) : text("notCopied", { code: code.text });
    this.#announcer.now(isCopied && code.needs ? `${words} ${text("codePackage", { name: code.needs })}` : words);
    this.#part.status.textContent = words;
    this.#line.toggleAttribute("data-copied", isCopied);
    button?.toggleAttribute("data-copied", isCopied);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#forget(), SAID_MS);
  }

  #forget() {
    this.#part.status.textContent = "";
    for (const part of [this.#line, ...this.#panel.querySelectorAll("[data-copied]")]) part.removeAttribute("data-copied");
  }
}

/** Whether it is in the clipboard. Pages without HTTPS have no clipboard of their own. */
async function write(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return writeBySelection(words);
  }
}

function writeBySelection(words) {
  const field = document.createElement("textarea");
  const { activeElement } = document;
  field.value = words;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  activeElement?.focus({ preventScroll: true });
  return isDone;
}
