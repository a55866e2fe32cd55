// The line below the drawing area that says whether the server answers, and what waits for it.

import { integer, reasonOf, text } from "../shared/texts.js";

export class Connection {
  #line;
  #words;
  #predictor;
  #uploader;
  #signedIn;
  #error = null; // why there is no answer

  constructor(line, { predictor, uploader, signedIn }) {
    this.#line = line;
    this.#words = line.querySelector("[data-words]");
    this.#predictor = predictor;
    this.#uploader = uploader;
    this.#signedIn = signedIn;
  }

  connect() {
    this.#predictor.addEventListener("trouble", ({ detail }) => this.#troubled(detail.error));
    this.#predictor.addEventListener("recovered", () => this.#recovered());
    this.#uploader.addEventListener("change", () => this.#show());
  }

  /** Try again now, both what was asked and what waits. */
  retry() {
    this.#predictor.retry();
    this.#uploader.retry();
  }

  #troubled(error) {
    this.#error = error;
    this.#show();
  }

  #recovered() {
    this.#error = null;
    this.#uploader.retry();
    this.#show();
  }

  #show() {
    const { error: delayed, waiting } = this.#uploader;
    const error = this.#error ?? delayed;
    const sentences = error ? [this.#reason(error)] : [];
    if (error?.isPassing) sentences.push(text("goOn"));
    if (delayed?.isPassing) sentences.push(...waits(waiting));
    const words = sentences.join(" ");
    this.#line.hidden = !words;
    if (this.#words.textContent !== words) this.#words.textContent = words; // screen readers read each change
    this.#offer("retry", error?.isPassing);
    this.#offer("reload", error?.status === 403 || (error?.isOtherAccount && !this.#signedIn));
    this.#offer("signIn", error?.status === 401);
  }

  #offer(name, offered) {
    this.#line.querySelector(`[data-offer="${name}"]`).hidden = !offered;
  }

  #reason(error) {
    if (error.isOtherAccount) return text(this.#signedIn ? "otherAccount" : "signedIn");
    if (error.isOffline) return text(navigator.onLine ? "unreachable" : "offline");
    if (error.code === "no_model") return reasonOf(error);
    return text({ 401: "signedOut", 403: "outOfDate", 429: "tooManyRequests" }[error.status] ?? "serverError");
  }
}

function waits({ count, inThisTab }) {
  if (!count) return [];
  const words = count === 1 ? text("waitsOne") : text("waitsMany", { count: integer(count) });
  return inThisTab ? [words, text("keepOpen")] : [words];
}
