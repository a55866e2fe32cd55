// Keyboard shortcuts. Single keys can be turned off, because they disturb voice control.

import { keyOf } from "./keys.js";
import { onDevice, recall, remember } from "./storage.js";

const KEY = "inkling.shortcuts";

export class Shortcuts {
  #actions;
  #toggle;

  /** `actions` maps a key or "mod+key" to a function; `digit` is called for number keys. */
  constructor(actions, toggle) {
    this.#actions = actions;
    this.#toggle = toggle;
  }

  connect() {
    this.#toggle.checked = recall(onDevice, KEY) !== false;
    this.#toggle.addEventListener("change", () => remember(onDevice, KEY, this.#toggle.checked ? null : false));
    addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    if (event.defaultPrevented || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input:not([type=radio], [type=range], [type=checkbox]), select, textarea")) return;
    const action = this.#find(event);
    if (!action || action(event) === false) return;
    event.preventDefault();
  }

  #find(event) {
    const key = keyOf(event);
    if (event.ctrlKey || event.metaKey) return this.#actions[`mod+${event.shiftKey ? "shift+" : ""}${key}`];
    if (key === "enter") return event.target.closest?.("a, button, summary, input") ? null : this.#actions.enter;
    if (!this.#toggle.checked) return null;
    return /^\d$/.test(key) && !event.repeat ? () => this.#actions.digit(key) : this.#actions[key];
  }
}
