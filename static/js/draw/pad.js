// The pen: turns pointer events into strokes on a sheet and keeps the canvas painted.
//
// One pointer at a time. The first wins, except that a pen beats a touch: the hand that holds a
// pen also lies on the glass. Two touches that land together zoom the page and draw nothing. A
// stroke that the system cancels stays, unless it was the palm's or the start of such a gesture.
// The pen never sticks when its release happened where nobody told us.
//
// On an answered sheet the next stroke starts a new drawing. Of a touch this is sure only when it drew for a moment or
// was lifted, since it can be the start of a pinch; until then the answered drawing is hidden, not gone.
//
// Fires "begin", "renew" (the stroke starts a new drawing: clear the sheet), "progress", "drop" (the stroke is taken
// back) and "full" (no more points fit).

import { MAX_POINTS, SIDE, Stroke } from "./ink.js";
import { Painter } from "./painter.js";

const PALM_MS = 500; // for so long before and after the pen is seen a touch is taken for the palm
const PALM_SIDE = 80; // CSS pixels; a contact this large, cancelled by the system, was the palm
const SURE_MS = 150; // a touch that draws for so long, and so far, is no start of a pinch
const SURE_LENGTH = 40; // sheet units
const RESTING_MS = 300; // a touch beside the sheet at least this much earlier is the thumb that holds the device

export class Pad extends EventTarget {
  isAnswered = false; // whether the drawing on the sheet has its label

  #canvas;
  #sheet;
  #pen;
  #painter;
  #stroke = null;
  #renews = false; // whether the stroke starts a new drawing, which was not said yet
  #pointer = null; // {id, type, at, contact} of the one that draws; `contact`: its largest width or height
  #isGesture = false; // a second finger is, or was, on the glass
  #beside = Infinity; // since when the first touch lies beside the sheet
  #cancelled = null; // {stroke, at}: the last one that the system cancelled
  #isFull = false; // and it was said
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
    const on = (target, type, action, more) => target.addEventListener(type, action.bind(this), { ...options, ...more });
    on(this.#canvas, "pointerdown", this.#down);
    on(this.#canvas, "pointermove", this.#move);
    on(this.#canvas, "pointerup", this.#up);
    on(this.#canvas, "pointercancel", this.#cancel);
    on(this.#canvas, "lostpointercapture", this.#lost);
    on(window, "pointerdown", this.#touched, { capture: true });
    on(window, "pointerup", this.#released, { capture: true });
    on(window, "pointercancel", this.#released, { capture: true });
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
    return this.#stroke ? [...this.#before, this.#stroke] : this.#sheet.strokes;
  }

  /** The strokes of the drawing to which the stroke that is being drawn belongs. */
  get #before() {
    return this.#renews ? [] : this.#sheet.strokes;
  }

  /** Put the pen down at a point in sheet units. Also the door of the keyboard. */
  begin(x, y, at, { isSure = true } = {}) {
    this.dispatchEvent(new Event("begin"));
    this.#isFull = false;
    this.#renews = this.isAnswered;
    if (isSure) this.#renew();
    if (!this.#renews && this.#sheet.isFull) {
      this.#tellFull();
      return false;
    }
    // A restored drawing has its own times: the new stroke begins after them.
    this.#epoch = this.#before.length ? Math.min(this.#epoch, at - this.#sheet.lastTime - 1) : at;
    this.#stroke = new Stroke();
    this.extend(x, y, at);
    return true;
  }

  extend(x, y, at) {
    if (!this.#stroke) return;
    const points = this.#renews ? 0 : this.#sheet.points;
    if (points + this.#stroke.length >= MAX_POINTS) return this.#tellFull();
    if (!this.#stroke.add(x, y, at - this.#epoch)) return;
    this.dispatchEvent(new Event("progress"));
    this.repaint();
  }

  /** Lift the pen: what was drawn so far is kept. */
  end() {
    if (!this.#stroke) return;
    this.#renew();
    this.#sheet.add(this.#lift());
  }

  #renew() {
    if (!this.#renews) return;
    this.#renews = false;
    this.dispatchEvent(new Event("renew"));
  }

  /** Take back the stroke that is being drawn. */
  #drop() {
    this.#lift();
    this.#renews = false;
    this.repaint();
    this.dispatchEvent(new Event("drop"));
  }

  #lift() {
    const stroke = this.#stroke;
    this.#stroke = this.#pointer = null;
    this.#allowZoom();
    return stroke;
  }

  /** Not while a finger draws or rests beside the sheet; see draw.css. */
  #allowZoom() {
    this.#canvas.toggleAttribute("data-drawing", this.#beside < Infinity);
  }

  #tellFull() {
    if (!this.#isFull) this.dispatchEvent(new Event("full"));
    this.#isFull = true;
  }

  repaint() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#painter.paint(this.#before, this.#stroke, this.#pen.width);
    });
  }

  /** A touch anywhere. The browser calls the first of several the primary one. */
  #touched({ pointerType, isPrimary, timeStamp, target }) {
    if (pointerType !== "touch") return;
    if (isPrimary) this.#beside = target === this.#canvas ? Infinity : timeStamp;
    if (isPrimary) this.#allowZoom();
    this.#isGesture = !isPrimary && !(timeStamp - this.#beside >= RESTING_MS);
    if (this.#isGesture && this.#pointer?.type === "touch" && !this.#isSure(timeStamp)) this.#drop();
  }

  #released({ pointerType, isPrimary }) {
    if (pointerType !== "touch" || !isPrimary || this.#beside === Infinity) return;
    this.#beside = Infinity;
    if (!this.#stroke) this.#allowZoom();
  }

  /** Whether this touch draws: then the page no longer zooms (see draw.css), whatever else touches the glass. */
  #isSure(at) {
    return at - this.#pointer.at >= SURE_MS && this.#stroke.measure() >= SURE_LENGTH;
  }

  #down(event) {
    if (event.pointerType === "pen") this.#sawPen(event);
    if (event.button !== 0 || this.#isPalm(event)) return;
    if (this.#stroke && !this.#givesWay(event)) return;
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true, focusVisible: false });
    this.#pointer = { id: event.pointerId, type: event.pointerType, at: event.timeStamp, contact: contactOf(event) };
    if (!this.begin(...this.#place(event), { isSure: event.pointerType !== "touch" })) this.#pointer = null;
    else this.#capture(event.pointerId);
  }

  #isPalm(event) {
    return event.pointerType === "touch" && (this.#isGesture || event.timeStamp - this.#penSeen < PALM_MS);
  }

  /** A touch that was cancelled a moment before was the palm of the hand with the pen. */
  #sawPen({ timeStamp }) {
    this.#penSeen = timeStamp;
    const { stroke, at } = this.#cancelled ?? {};
    this.#cancelled = null;
    if (stroke && stroke === this.#sheet.strokes.at(-1) && timeStamp - at < PALM_MS) this.#sheet.withdraw();
  }

  /** A pen may take over from the palm that landed before it; then the palm's mark is dropped. */
  #givesWay(event) {
    if (event.pointerType !== "pen" || this.#pointer?.type !== "touch") return false;
    this.#drop();
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
    if (event.pointerType === "pen") this.#sawPen(event);
    if (!this.#draws(event)) return;
    if (event.pointerType === "mouse" && !(event.buttons & 1)) return this.end(); // released where we could not see it
    this.#pointer.contact = Math.max(this.#pointer.contact, contactOf(event));
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.extend(...this.#place(each));
    if ((this.#canvas.hasAttribute("data-drawing") && !this.#renews) || !this.#isSure(event.timeStamp)) return;
    this.#canvas.toggleAttribute("data-drawing", true);
    this.#renew();
  }

  #up(event) {
    if (!this.#draws(event)) return;
    this.extend(...this.#place(event));
    this.end();
  }

  #lost(event) {
    if (this.#draws(event)) this.end();
  }

  #cancel(event) {
    if (!this.#draws(event)) return;
    const { type, contact } = this.#pointer;
    const isPalm = contact >= PALM_SIDE || event.timeStamp - this.#penSeen < PALM_MS;
    if (type === "touch" && isPalm) return this.#drop();
    if (type === "touch") this.#cancelled = { stroke: this.#stroke, at: event.timeStamp };
    this.end();
    if (this.#isGesture) this.#sheet.undo(); // it was long enough to be meant, so redo brings it back
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
    this.#painter.paint(this.#before, this.#stroke, this.#pen.width); // now: a resized canvas is blank
  }
}

function contactOf({ width, height }) {
  return Math.max(width, height);
}
