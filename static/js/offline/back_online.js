// A draw page from the device looks for the server: what waits is sent, and a page of the server takes its place when there
// is nothing on the sheet.

import { inTab, recall, remember } from "../shared/storage.js";
import { setAccountHere } from "./account.js";

const EVERY_MS = 20_000;
const PAUSE_MS = 3000; // after a change of the sheet: somebody may go on at once
const RELOADED = "inkling.reloaded"; // the time of the last reload
const BETWEEN_MS = 60_000; // two reloads

/** Fires "online" when the server answers again. */
export class BackOnline extends EventTarget {
  #config;
  #sheet;
  #isFree;
  #timer = 0;
  #pause = 0;
  #isOnline = false;
  #isLeaving = false;

  /** `isFree()`: whether nothing would be lost or interrupted by another page; the sheet fires "change" when it may be. */
  constructor(config, sheet, isFree) {
    super();
    this.#config = config;
    this.#sheet = sheet;
    this.#isFree = isFree;
  }

  connect() {
    if (!this.#config.neutral) return;
    addEventListener("online", () => this.#look());
    addEventListener("offline", () => (this.#isOnline = false));
    document.addEventListener("visibilitychange", () => document.hidden || this.#look());
    this.#sheet.addEventListener("change", () => this.#replaceLater());
    this.#look();
  }

  /** Somebody begins to draw: another page must not come between. */
  stay() {
    clearTimeout(this.#pause);
    if (this.#isLeaving) stop();
    this.#isLeaving = false;
  }

  async #look() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
    const account = navigator.onLine ? await this.#askAccount() : null;
    this.#isOnline = account !== null;
    if (!this.#isOnline) return;
    setAccountHere(account === "guest" ? null : account);
    this.dispatchEvent(new Event("online"));
    this.#replaceLater();
  }

  #replaceLater() {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#replace(), PAUSE_MS);
  }

  #replace() {
    if (!this.#isOnline || !this.#isFree() || !mayReload()) return;
    this.#isLeaving = true;
    location.reload();
  }

  /** Also gives the page a new token to write with. Null if the server does not answer. */
  async #askAccount() {
    try {
      const response = await fetch(this.#config.session, { cache: "no-store" });
      return response.ok ? (await response.json()).account : null;
    } catch {
      return null;
    }
  }
}

/** Not again and again, should the server answer this and no page. */
function mayReload() {
  if (Math.abs(Date.now() - (recall(inTab, RELOADED) ?? 0)) < BETWEEN_MS) return false; // clocks can be set back
  return remember(inTab, RELOADED, Date.now());
}
