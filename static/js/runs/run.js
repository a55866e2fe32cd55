// A training run while it goes on: asks every second how far it is and puts the words in place.
// When its drawings have been chosen, and when it has ended, the page is loaded anew: then there is more to tell.

const EVERY_MS = 1000;
const PATIENT_MS = 5000; // after a question that was not answered

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
    setTimeout(() => this.#ask(), status || document.hidden ? EVERY_MS : PATIENT_MS);
  }

  async #status() {
    const offline = this.#page.querySelector("[data-offline]");
    try {
      const response = await fetch(this.#page.dataset.run, { signal: AbortSignal.timeout(PATIENT_MS) });
      if (response.redirected) return location.reload(); // signed out meanwhile
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
