// Shows the progress of a training run or an export: asks every second and fills in the values.
// When the drawings of a run are chosen, and when it has ended, the page reloads, because it then shows more.

import { abortAfter } from "../api.js";

const EVERY_MS = 1000;
const RETRY_MS = 5000; // after a request without an answer

class RunPage {
  #page = document.querySelector("[data-run]");

  get #chosen() {
    return this.#page.dataset.chosen !== undefined;
  }

  connect() {
    this.#ask();
    this.#page.dataset.ready = "";
  }

  async #ask() {
    const status = document.hidden ? null : await this.#status();
    if (status && (status.final || status.chosen !== this.#chosen)) return location.reload();
    if (status) this.#show(status);
    setTimeout(() => this.#ask(), status || document.hidden ? EVERY_MS : RETRY_MS);
  }

  async #status() {
    const offline = this.#page.querySelector("[data-offline]");
    try {
      const response = await fetch(this.#page.dataset.run, { signal: abortAfter(RETRY_MS) });
      if (response.redirected) return location.reload(); // signed out
      offline.hidden = response.ok;
      return response.ok ? await response.json() : null;
    } catch {
      offline.hidden = false;
      return null;
    }
  }

  #show(status) {
    for (const element of this.#page.querySelectorAll("[data-live]")) {
      const words = status[element.dataset.live] || "–";
      if (element.textContent === words) continue;
      const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 8;
      element.textContent = words;
      if (atEnd) element.scrollTop = element.scrollHeight;
    }
    const bar = this.#page.querySelector("[data-share]");
    if (status.share === null) bar.removeAttribute("value");
    else bar.value = status.share;
  }
}

new RunPage().connect();
