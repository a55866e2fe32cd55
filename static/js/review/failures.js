// What went wrong on the way to the server, in words; nothing of it goes away by itself.

import { text } from "../shared/texts.js";

export class Failures {
  #trouble;
  #list;

  /** `trouble` is a line about the connection, `list` holds a line for each decision that was not noted. */
  constructor(trouble, list) {
    this.#trouble = trouble;
    this.#list = list;
  }

  connect(retry) {
    this.#trouble.querySelector("[data-retry]").addEventListener("click", retry);
    this.#list.addEventListener("click", (event) => event.target.closest("button")?.parentElement.remove());
  }

  show(kind) {
    this.#trouble.querySelector("[data-words]").textContent = text(kind);
    this.#trouble.hidden = false;
  }

  settle() {
    this.#trouble.hidden = true;
  }

  add(said, detail) {
    const line = document.createElement("li");
    line.className = "notice amber";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet";
    close.textContent = text("close");
    line.append(text("notNoted", { said, detail }), " ", close);
    this.#list.append(line);
  }
}
