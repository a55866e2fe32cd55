// Shows what went wrong on the way to the server. A reviewer closes each message.

import { text } from "../shared/texts.js";

export class Failures {
  #trouble;
  #list;

  /** `trouble` is a line about the connection; `list` gets a line for each decision that was not saved. */
  constructor(trouble, list) {
    this.#trouble = trouble;
    this.#list = list;
  }

  connect(retry) {
    this.#trouble.querySelector("[data-retry]").addEventListener("click", retry);
    this.#list.addEventListener("click", (event) => event.target.closest("button")?.parentElement.remove());
  }

  showTrouble(kind) {
    this.#trouble.querySelector("[data-words]").textContent = text(kind);
    this.#trouble.hidden = false;
  }

  hideTrouble() {
    this.#trouble.hidden = true;
  }

  add(summary, detail) {
    const line = document.createElement("li");
    line.className = "notice amber";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet";
    close.textContent = text("close");
    line.append(text("notSaved", { summary, detail }), " ", close);
    this.#list.append(line);
  }
}
