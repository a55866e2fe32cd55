// Draws ink as the raster that a model takes, sample by sample as the server does: docs/raster.md explains each step.
// All arithmetic on lines is done in whole numbers of 1/65536 of a sample. Needs no page, so it works in a worker too.

/** The version of this recipe. A model of another `preprocess_version` needs another recipe. */
export const PREPROCESS_VERSION = 1;

/** The usual raster: sides of raster and box and width of the pen in pixels, and what lies in the middle, the "mass" of
 * the ink or its "box". */
export const DEFAULT = { size: 28, box: 20, pen: 2.2, centre: "mass" };

const SAMPLES = 8; // per pixel and axis
const GRID = 16; // points lie on a grid of 1/16 of a sample
const TIE_BREAK = 1e-4; // of a step of the grid: a coordinate between two steps is rounded to the same side everywhere
const SMALLEST_EXTENT = 1e-6; // smaller ink is a dot
const ONE = 65536; // one sample
const HALF = ONE / 2;

/** `ink` is a list of strokes [[x...], [y...], ...]; gives size * size greys, 255 where the ink is. */
export function rasterise(ink, spec = DEFAULT) {
  const side = spec.size * SAMPLES;
  const canvas = { side, samples: new Uint8Array(side * side) };
  const width = Math.max(1, Math.floor(spec.pen * SAMPLES + 0.5)); // of the line, in samples
  const disc = discReach((width + 1) >> 1);
  for (const line of fit(ink, spec)) drawLine(canvas, line, width, disc);
  return average(canvas, spec.centre === "box" ? [0, 0] : shiftToCentre(canvas));
}

/** The strokes in the box, whose sides the outside of the line touches: a list of points [x, y] for each. */
function fit(ink, { size, box, pen }) {
  const extents = [0, 1].map((axis) => extent(ink, axis));
  const larger = Math.max(...extents.map(([low, high]) => high - low));
  const scale = larger > SMALLEST_EXTENT ? (box - pen) / larger : 0;
  const [x, y] = extents.map(([low, high]) => (low + high) / 2);
  const place = (value, middle) => toGrid(((value - middle) * scale + size / 2) * SAMPLES);
  return ink.map(([xs, ys]) => Array.from(xs, (_, i) => [place(xs[i], x), place(ys[i], y)]));
}

function extent(ink, axis) {
  let [low, high] = [Infinity, -Infinity];
  for (const stroke of ink) {
    for (const value of stroke[axis]) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

// A sample's centre has whole coordinates, its corner not: therefore - 0.5. The other 0.5 makes floor() round.
const toGrid = (value) => Math.floor((value - 0.5) * GRID + 0.5 + TIE_BREAK) * (ONE / GRID);

const toSample = (value) => (value + HALF) >> 16;

/** A disc at each point and a bar between any two. */
function drawLine(canvas, points, width, disc) {
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before && before[0] === point[0] && before[1] === point[1]) return;
    drawDisc(canvas, toSample(point[0]), toSample(point[1]), disc);
    if (before) drawBar(canvas, barCorners(before, point, width));
  });
}

function drawDisc(canvas, x, y, reach) {
  const radius = (reach.length - 1) / 2;
  reach.forEach((beside, i) => fillRow(canvas, y - radius + i, x - beside, x + beside));
}

/** How far a disc reaches to either side in each of its rows, by the midpoint algorithm. */
function discReach(radius) {
  const reach = new Array(2 * radius + 1).fill(0);
  let [long, short, error] = [radius, 0, 0];
  while (long >= short) {
    for (const [row, beside] of [[short, long], [long, short]]) {
      for (const at of [radius - row, radius + row]) reach[at] = Math.max(reach[at], beside);
    }
    error += 2 * short + 1;
    short += 1;
    if (error > 0) {
      error -= 2 * long - 1;
      long -= 1;
    }
  }
  return reach;
}

/** The four corners of the bar along a segment, in their order around it. */
function barCorners([ax, ay], [bx, by], width) {
  const [dx, dy] = [(bx - ax) / ONE, (by - ay) / ONE];
  const reach = ((width + (width % 2)) * HALF) / Math.sqrt(dx * dx + dy * dy);
  const [x, y] = [roundHalfToEven(dy * reach), roundHalfToEven(-dx * reach)];
  return [[ax + x, ay + y], [ax - x, ay - y], [bx - x, by - y], [bx + x, by + y]];
}

function roundHalfToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.floor(value + 0.5);
  return below % 2 ? below + 1 : below;
}

function drawBar(canvas, corners) {
  corners.forEach((corner, i) => drawEdge(canvas, corners[(i + 3) % 4], corner));
  const rows = corners.map(([, y]) => toSample(y));
  const ys = corners.map(([, y]) => y);
  const top = ys.indexOf(Math.min(...ys));
  const sides = [barSide(corners, rows, top, 1), barSide(corners, rows, top, 3)];
  sides[0].forEach((x, i) => {
    const other = sides[1][i];
    fillRow(canvas, rows[top] + i, toSample(Math.min(x, other)), toSample(Math.max(x, other)));
  });
}

/** x of one side of a bar in each of its rows but the lowest, from the top corner down; `way` is 1 or 3 (that is, -1). */
function barSide(corners, rows, top, way) {
  const found = [];
  let row = rows[top];
  for (let edge = 0; edge < 3; edge++) {
    const [here, there] = [(top + way * edge) % 4, (top + way * (edge + 1)) % 4];
    const count = rows[there] - row;
    if (count <= 0) continue; // it goes down by no row
    const slope = Math.trunc((2 * (corners[there][0] - corners[here][0]) + count) / (2 * count));
    for (let i = 0; i < count; i++) found.push(corners[here][0] + slope * i);
    row = rows[there];
  }
  return found;
}

/** A line of one sample: one for each whole step along the longer axis, and the end. */
function drawEdge(canvas, from, to) {
  const part = clip(from, to, canvas.side * ONE - 1);
  if (!part) return;
  let [start, end] = part;
  const long = Math.abs(end[0] - start[0]) > Math.abs(end[1] - start[1]) ? 0 : 1;
  const beside = 1 - long;
  if (start[long] > end[long]) [start, end] = [end, start];
  const length = end[long] - start[long];
  const slope = Math.trunc(((end[beside] - start[beside]) * ONE) / (length | 1));
  const first = toSample(start[long]);
  let across = start[beside] + HALF;
  for (let i = 0; i <= length >> 16; i++, across += slope) mark(canvas, long, first + i, across >> 16);
  mark(canvas, long, toSample(end[long]), toSample(end[beside]));
}

/** The part of a line from 0 to `limit`, or null. Only a box as large as the raster needs it. */
function clip(from, to, limit) {
  const ends = [[...from], [...to]];
  for (const axis of [1, 0]) {
    if (ends.every((end) => end[axis] < 0) || ends.every((end) => end[axis] > limit)) return null;
    ends.forEach((end, i) => {
      const other = ends[1 - i];
      const bound = Math.min(Math.max(end[axis], 0), limit);
      if (bound === end[axis]) return;
      const slope = other[1 - axis] - end[1 - axis];
      end[1 - axis] += Math.trunc(((bound - end[axis]) * slope) / (other[axis] - end[axis]));
      end[axis] = bound;
    });
  }
  return ends;
}

function mark({ side, samples }, axis, along, beside) {
  const [x, y] = axis ? [beside, along] : [along, beside];
  if (x >= 0 && y >= 0 && x < side && y < side) samples[y * side + x] = 1;
}

function fillRow({ side, samples }, y, left, right) {
  if (y < 0 || y >= side || right < 0 || left >= side) return;
  samples.fill(1, y * side + Math.max(left, 0), y * side + Math.min(right, side - 1) + 1);
}

/** How far to move, in whole samples, so that the centre of mass is the centre and no ink is lost. */
function shiftToCentre({ side, samples }) {
  const sums = [new Uint16Array(side), new Uint16Array(side)]; // ink in each column and in each row
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at++) {
      if (!samples[at]) continue;
      sums[0][x] += 1;
      sums[1][y] += 1;
    }
  }
  return sums.map((counts) => {
    let [first, last, mass, moment] = [0, side - 1, 0, 0];
    while (first < last && !counts[first]) first += 1;
    while (last > first && !counts[last]) last -= 1;
    for (let i = first; i <= last; i++) {
      mass += counts[i];
      moment += counts[i] * (i - first);
    }
    if (!mass) return 0; // there is no ink
    const wanted = Math.floor((side - 1) / 2 - (first + moment / mass) + 0.5 + TIE_BREAK);
    return Math.min(Math.max(wanted, -first), side - 1 - last);
  });
}

/** The share of ink among the 8 x 8 samples of each pixel, 255 for all. */
function average({ side, samples }, [dx, dy]) {
  const size = side / SAMPLES;
  const sums = new Uint8Array(size * size); // up to 64
  for (let y = 0, at = 0; y < side; y++) {
    const row = ((y + dy) >> 3) * size;
    for (let x = 0; x < side; x++, at++) {
      if (samples[at]) sums[row + ((x + dx) >> 3)] += 1;
    }
  }
  return sums.map((sum) => Math.floor((sum * 255) / SAMPLES ** 2 + 0.5));
}
