// Strokes as data, and the history of one sheet. Knows nothing of pixels, pointers or the page.

export const SIDE = 560; // the sheet is SIDE x SIDE units, however large it is on the screen
export const MAX_STROKES = 256;
export const MAX_POINTS = 8000; // well inside the server's limits of 20,000 points and 256 KB

const MIN_STEP = 1; // units; a twentieth of a pixel of what the model sees

const MOST_STATES = 100; // that survive a reload, before and after the current one

const hundredths = (value) => Math.round(value * 100) / 100;
const onSheet = (value) => Math.min(Math.max(value, 0), SIDE);

/** What the pen did from down to up. Grows while it is drawn. */
export class Stroke {
  xs = [];
  ys = [];
  ts = [];

  /** Add a point in sheet units and milliseconds; one that hardly moved is left out. */
  add(x, y, t) {
    [x, y] = [hundredths(onSheet(x)), hundredths(onSheet(y))];
    const last = this.xs.length - 1;
    if (last >= 0 && Math.hypot(x - this.xs[last], y - this.ys[last]) < MIN_STEP) return false;
    this.xs.push(x);
    this.ys.push(y);
    this.ts.push(Math.max(0, Math.round(t)));
    return true;
  }

  get length() {
    return this.xs.length;
  }

  /** How far the pen went, in sheet units. */
  measure() {
    return this.xs.reduce((sum, x, i) => sum + (i && Math.hypot(x - this.xs[i - 1], this.ys[i] - this.ys[i - 1])), 0);
  }

  /** The layout that the API reads: [[x...], [y...], [t...]]. */
  toWire() {
    return [this.xs, this.ys, this.ts];
  }

  static fromWire([xs, ys, ts]) {
    return Object.assign(new Stroke(), { xs, ys, ts });
  }
}

/** Whether a stored history has strokes, and is whole. */
function isHistory(strokes, states, at) {
  const isAxis = (axis, length) => Array.isArray(axis) && axis.length === length && axis.every(Number.isFinite);
  const isStroke = ([xs, ys, ts]) => xs?.length > 0 && [xs, ys, ts ?? xs].every((axis) => isAxis(axis, xs.length));
  const isState = (places) => Array.isArray(places) && places.every((place) => place in strokes);
  if (![strokes, states].every(Array.isArray) || !strokes.length) return false;
  return strokes.every((stroke) => Array.isArray(stroke) && isStroke(stroke)) && states.every(isState) && Boolean(states[at]);
}

const BLANK = Object.freeze({ strokes: Object.freeze([]), picture: null });

/**
 * One sheet with its history. A state is never changed, only replaced, so undoing gives back the
 * very same object. Fires "change" with {how, before, now}.
 */
export class Sheet extends EventTarget {
  #states = [BLANK];
  #at = 0;

  get state() {
    return this.#states[this.#at];
  }

  get strokes() {
    return this.state.strokes;
  }

  get picture() {
    return this.state.picture;
  }

  get isBlank() {
    return !this.strokes.length && !this.picture;
  }

  get isFull() {
    return this.strokes.length >= MAX_STROKES || this.points >= MAX_POINTS;
  }

  get points() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }

  /** When the last of the strokes ended, in milliseconds; 0 for strokes without times. */
  get lastTime() {
    return Math.max(0, ...this.strokes.map(({ ts }) => ts?.at(-1) ?? 0));
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#states.length - 1;
  }

  add(stroke) {
    this.#push("stroke", { strokes: [...this.strokes, stroke], picture: null });
  }

  /** A picture takes the place of the ink. */
  place(picture) {
    this.#push("picture", { strokes: [], picture });
  }

  clear() {
    if (!this.isBlank) this.#push("clear", BLANK);
  }

  undo() {
    if (this.canUndo) this.#move("undo", -1);
  }

  redo() {
    if (this.canRedo) this.#move("redo", 1);
  }

  /** Take the last step back for good: it led to something that cannot be read. */
  withdraw() {
    if (!this.canUndo) return;
    const before = this.state;
    this.#at -= 1;
    this.#states.length = this.#at + 1; // before anybody is told, so that nothing can be redone
    this.#tell("undo", before);
  }

  /** A new sheet without a past; `strokes` is what a former visit left on it. */
  renew(strokes = []) {
    const before = this.state;
    this.#states = [BLANK];
    if (strokes.length) this.#states.push({ strokes, picture: null });
    this.#at = this.#states.length - 1;
    this.#tell("renew", before);
  }

  /** What `restore` takes: the strokes, each once, and for each state without a picture the places of its strokes. */
  get history() {
    const withInk = ({ picture }) => !picture;
    const before = this.#states.slice(0, this.#at + 1).filter(withInk).slice(-MOST_STATES);
    const after = this.#states.slice(this.#at + 1).filter(withInk).slice(0, MOST_STATES);
    const kept = [...before, ...after];
    const places = new Map();
    for (const { strokes } of kept) for (const stroke of strokes) if (!places.has(stroke)) places.set(stroke, places.size);
    return {
      strokes: [...places.keys()].map((stroke) => stroke.toWire()),
      states: kept.map(({ strokes }) => strokes.map((stroke) => places.get(stroke))),
      at: before.length - 1,
    };
  }

  /** The sheet of a former visit, which can be undone and redone as before. Returns whether there is anything on record. */
  restore({ history, strokes: only = [] }) {
    const { strokes, states, at } = history ?? { strokes: only, states: [[], only.map((_, i) => i)], at: 1 };
    if (!isHistory(strokes, states, at)) return false;
    const before = this.state;
    const drawn = strokes.map(Stroke.fromWire);
    this.#states = states.map((places) => (places.length ? { strokes: places.map((i) => drawn[i]), picture: null } : BLANK));
    this.#at = at;
    this.#tell("renew", before);
    return true;
  }

  #push(how, state) {
    const before = this.state;
    this.#states.splice(this.#at + 1, Infinity, state);
    this.#at += 1;
    this.#tell(how, before);
  }

  #move(how, step) {
    const before = this.state;
    this.#at += step;
    this.#tell(how, before);
  }

  #tell(how, before) {
    this.dispatchEvent(new CustomEvent("change", { detail: { how, before, now: this.state } }));
  }
}
