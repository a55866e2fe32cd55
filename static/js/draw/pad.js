// The pen: turns pointer events into strokes on a sheet and keeps the canvas painted.
//
// One pointer at a time. The first wins, except that a pen beats a touch: the hand that holds a
// pen also lies on the glass. Nothing is lost when the system cancels a pointer, and the pen
// never sticks when its release happened where nobody told us.

import { MAX_POINTS, SIDE, Stroke } from "./ink.js";
import { Painter } from "./painter.js";

const PALM_MS = 500; // for so long after the pen was seen a touch is taken for the palm

export class Pad extends EventTarget {
  #canvas;
  #sheet;
  #pen;
  #painter;
  #stroke = null;
  #pointer = null; // {id, type} of the one that draws
  #penSeen = -Infinity;
  #epoch = Infinity; // the time of an event that counts as 0 in the strokes
  #frame = 0;
  #listening = new AbortController();
  #resizing = new ResizeObserver(() => this.#fit());

  constructor(canvas, sheet, pen) {
    super();
    this.#canvas = canvas;
    this.#sheet = sheet;
    this.#pen = pen;
    this.#painter = new Painter(canvas);
  }

  connect() {
    const options = { signal: this.#listening.signal };
    const on = (target, type, action) => target.addEventListener(type, action.bind(this), options);
    on(this.#canvas, "pointerdown", this.#down);
    on(this.#canvas, "pointermove", this.#move);
    on(this.#canvas, "pointerup", this.#up);
    on(this.#canvas, "pointercancel", this.#lost);
    on(this.#canvas, "lostpointercapture", this.#lost);
    on(this.#canvas, "contextmenu", (event) => event.preventDefault());
    on(this.#sheet, "change", this.repaint);
    on(this.#pen, "change", this.repaint);
    on(window, "themechange", this.repaint);
    this.#resizing.observe(this.#canvas);
    this.#watchPixelRatio();
  }

  disconnect() {
    this.#listening.abort();
    this.#resizing.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get isDrawing() {
    return this.#stroke !== null;
  }

  /** The strokes of the sheet and the one that is being drawn. */
  get strokes() {
    return this.#stroke ? [...this.#sheet.strokes, this.#stroke] : this.#sheet.strokes;
  }

  /** Put the pen down at a point in sheet units. Also the door of the keyboard. */
  begin(x, y, at) {
    this.dispatchEvent(new Event("begin"));
    if (this.#sheet.isFull) {
      this.dispatchEvent(new Event("full"));
      return false;
    }
    // A restored drawing has its own times: the new stroke begins after them.
    this.#epoch = this.#sheet.strokes.length ? Math.min(this.#epoch, at - this.#sheet.lastTime - 1) : at;
    this.#stroke = new Stroke();
    this.extend(x, y, at);
    return true;
  }

  extend(x, y, at) {
    if (!this.#stroke || this.#sheet.points + this.#stroke.length >= MAX_POINTS) return;
    if (!this.#stroke.add(x, y, at - this.#epoch)) return;
    this.dispatchEvent(new Event("progress"));
    this.repaint();
  }

  /** Lift the pen: what was drawn so far is kept. */
  end() {
    const stroke = this.#stroke;
    this.#stroke = this.#pointer = null;
    if (stroke) this.#sheet.add(stroke);
  }

  repaint() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#painter.paint(this.#sheet.strokes, this.#stroke, this.#pen.width);
    });
  }

  #down(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (event.button !== 0 || this.#isPalm(event)) return;
    if (this.#stroke && !this.#givesWay(event)) return;
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true, focusVisible: false });
    this.#pointer = { id: event.pointerId, type: event.pointerType };
    if (!this.begin(...this.#place(event))) this.#pointer = null;
    else this.#capture(event.pointerId);
  }

  #isPalm(event) {
    return event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM_MS;
  }

  /** A pen may take over from the palm that landed before it; then the palm's mark is dropped. */
  #givesWay(event) {
    if (event.pointerType !== "pen" || this.#pointer?.type !== "touch") return false;
    this.#stroke = this.#pointer = null;
    return true;
  }

  #capture(id) {
    try {
      this.#canvas.setPointerCapture(id);
    } catch {
      // the pointer is gone already: its next event, or the next pointer, ends the stroke
    }
  }

  #move(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (!this.#draws(event)) return;
    if (event.pointerType === "mouse" && !(event.buttons & 1)) return this.end(); // released where we could not see it
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.extend(...this.#place(each));
  }

  #up(event) {
    if (!this.#draws(event)) return;
    this.extend(...this.#place(event));
    this.end();
  }

  #lost(event) {
    if (this.#draws(event)) this.end();
  }

  #draws(event) {
    return this.#stroke !== null && this.#pointer?.id === event.pointerId;
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale, event.timeStamp];
  }

  /** Zooming, or another screen: the size in CSS pixels may stay the same. */
  #watchPixelRatio() {
    const change = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const again = () => {
      this.#fit();
      this.#watchPixelRatio();
    };
    change.addEventListener("change", again, { once: true, signal: this.#listening.signal });
  }

  #fit() {
    if (!this.#canvas.clientWidth) return; // hidden behind a picture
    this.#painter.resize(Math.round(this.#canvas.getBoundingClientRect().width * devicePixelRatio));
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#painter.paint(this.#sheet.strokes, this.#stroke, this.#pen.width); // now: a resized canvas is blank
  }
}
