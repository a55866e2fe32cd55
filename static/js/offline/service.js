// Installs the service worker, and tells it what this device needs to work without a connection.

import { onDevice, recall, remember } from "../shared/storage.js";

const USED = "inkling.used";
const MOST_USED = 3; // recognizers whose models stay on the device

/** For a page that the server made. `recognizers` fires "switch"; `current` is the one on display. */
export class Service {
  #config;
  #recognizers;

  constructor(config, recognizers) {
    this.#config = config;
    this.#recognizers = recognizers;
  }

  connect() {
    if (!navigator.serviceWorker) return;
    this.#recognizers.addEventListener("switch", () => this.#keep());
    addEventListener("online", () => this.#update());
    if (document.readyState === "complete") this.#install();
    else addEventListener("load", () => this.#install());
  }

  /** After the page has loaded, so that the first drawing does not wait for it. */
  async #install() {
    try {
      await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
    } catch {
      return; // the browser or its owner does not want it
    }
    if (matchMedia("(display-mode: standalone)").matches) navigator.storage?.persist?.();
    this.#keep();
  }

  async #update() {
    const registration = await navigator.serviceWorker.getRegistration();
    registration?.update().catch(() => {}); // offline again
  }

  async #keep() {
    const { slug } = this.#recognizers.current;
    const before = recall(onDevice, USED);
    const used = [slug, ...(Array.isArray(before) ? before : []).filter((each) => each !== slug)].slice(0, MOST_USED);
    remember(onDevice, USED, used);
    if (this.#config.neutral) return; // it came from the device
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage({ keep: { used, language: document.documentElement.lang } });
  }
}
