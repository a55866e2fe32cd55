// Drawing without a pointer: arrow keys move a cursor on the sheet, space puts the pen down and up.

import { SIDE } from "./ink.js";

const STEP = SIDE / 56;
const LEAP = SIDE / 14;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Fires "pen" when the pen goes down or up and "moved" when the cursor did. */
export class KeyboardPen extends EventTarget {
  #canvas;
  #cursor;
  #pad;
  #x = SIDE / 2;
  #y = SIDE / 2;
  #down = false;
  #held = new Set(); // two arrows at once draw a diagonal
  #listening = new AbortController();

  constructor(canvas, cursor, pad) {
    super();
    this.#canvas = canvas;
    this.#cursor = cursor;
    this.#pad = pad;
  }

  connect() {
    const options = { signal: this.#listening.signal };
    this.#canvas.addEventListener("keydown", (event) => this.#press(event), options);
    this.#canvas.addEventListener("keyup", (event) => this.#held.delete(event.key), options);
    this.#canvas.addEventListener("blur", () => this.#leave(), options);
    this.#canvas.addEventListener("pointerdown", () => this.#leave(), { ...options, capture: true });
  }

  disconnect() {
    this.#listening.abort();
  }

  get isDown() {
    return this.#down;
  }

  /** How far across and down the sheet the cursor is, as shares. */
  get place() {
    return { across: this.#x / SIDE, down: this.#y / SIDE };
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.#toggle(event);
    else if (event.key === "Escape" && this.#down) this.#lift();
    else if (event.key in ARROWS) this.#go(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #toggle(event) {
    if (event.repeat) return;
    this.#show();
    if (this.#down) return this.#lift();
    this.#down = this.#pad.begin(this.#x, this.#y, event.timeStamp);
    this.#tell("pen");
  }

  #go(event) {
    this.#held.add(event.key);
    const step = event.shiftKey ? LEAP : STEP;
    for (const key of this.#held) {
      this.#x = Math.min(Math.max(this.#x + ARROWS[key][0] * step, 0), SIDE);
      this.#y = Math.min(Math.max(this.#y + ARROWS[key][1] * step, 0), SIDE);
    }
    if (this.#down) this.#pad.extend(this.#x, this.#y, event.timeStamp);
    this.#show();
    this.dispatchEvent(new Event("moved"));
  }

  #lift() {
    this.#down = false;
    this.#pad.end();
    this.#tell("pen");
  }

  #leave() {
    this.#held.clear();
    if (this.#down) this.#lift();
    this.#cursor.toggleAttribute("hidden", true);
  }

  #tell(type) {
    this.#cursor.dataset.pen = this.#down ? "down" : "up";
    this.dispatchEvent(new Event(type));
  }

  #show() {
    this.#cursor.toggleAttribute("hidden", false);
    this.#cursor.style.left = `${(this.#x / SIDE) * 100}%`;
    this.#cursor.style.top = `${(this.#y / SIDE) * 100}%`;
  }
}
