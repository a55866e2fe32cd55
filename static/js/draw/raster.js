// What the model sees: the same recipe as the server's, so that it can be shown without asking.
// Ink is fitted into the box of a recognizer's raster, drawn with its pen on an eightfold grid, centred
// and averaged down. Golden vectors hold this and the server's renderer together.

/** How a recognizer sees ink where nothing else is said: sides of raster and box, width of the pen, in pixels, and
 * what lies in the middle: the "mass" of the ink or its "box". */
export const DEFAULT = { size: 28, box: 20, pen: 2.2, centre: "mass" };

const SAMPLES = 8;
const FRACTION = 16; // points lie on a grid of 1/16 of a sample
const TIE_BREAK = 1e-4;
const SMALLEST_EXTENT = 1e-6; // units; less is a dot

/** `ink` is a list of strokes [[x...], [y...], ...]; gives size * size greys, 255 where the ink is. */
export function rasterise(ink, spec = DEFAULT) {
  const side = spec.size * SAMPLES;
  const grid = { side, samples: new Uint8Array(side * side) };
  const radius = Math.ceil(Math.max(1, Math.round(spec.pen * SAMPLES)) / 2);
  for (const line of fit(ink, spec)) drawLine(grid, line, radius);
  return average(grid, spec.centre === "box" ? { dx: 0, dy: 0 } : shiftToCentre(grid));
}

function fit(ink, { size, box, pen }) {
  const all = (axis) => ink.flatMap((stroke) => stroke[axis]);
  const [x, y] = [extent(all(0)), extent(all(1))];
  const larger = Math.max(x.high - x.low, y.high - y.low);
  const scale = larger > SMALLEST_EXTENT ? (box - pen) / larger : 0;
  const place = (value, { low, high }) => toGrid(((value - (low + high) / 2) * scale + size / 2) * SAMPLES);
  return ink.map(([xs, ys]) => xs.map((_, i) => [place(xs[i], x), place(ys[i], y)]));
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

function toGrid(value) {
  return Math.floor((value - 0.5) * FRACTION + 0.5 + TIE_BREAK) / FRACTION;
}

function drawLine(grid, points, radius) {
  for (const point of points) drawDisc(grid, point.map(Math.round), radius);
  for (let i = 1; i < points.length; i++) drawBar(grid, points[i - 1], points[i], radius);
}

/** Every sample at most `radius` from the centre: the round ends and corners of a line. */
function drawDisc(grid, [cx, cy], radius) {
  fill(grid, [cx - radius, cx + radius, cy - radius, cy + radius], (x, y) => (x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2);
}

/** Every sample beside the segment, up to its ends, and its four edges. */
function drawBar(grid, [ax, ay], [bx, by], radius) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  if (!length) return;
  const [nx, ny] = [(-dy / length) * radius, (dx / length) * radius];
  const corners = [[ax + nx, ay + ny], [bx + nx, by + ny], [bx - nx, by - ny], [ax - nx, ay - ny]];
  corners.forEach((corner, i) => drawEdge(grid, corner, corners[(i + 1) % 4]));
  const box = [Math.min(ax, bx) - radius, Math.max(ax, bx) + radius, Math.min(ay, by) - radius, Math.max(ay, by) + radius];
  fill(grid, box, (x, y) => {
    const along = (x - ax) * dx + (y - ay) * dy;
    const across = (x - ax) * dy - (y - ay) * dx;
    return along >= 0 && along <= length * length && Math.abs(across) <= radius * length;
  });
}

/** One sample for each step along the longer axis, as a line is drawn that has no width. */
function drawEdge(grid, from, to) {
  const long = Math.abs(to[0] - from[0]) > Math.abs(to[1] - from[1]) ? 0 : 1;
  const [start, end] = from[long] <= to[long] ? [from, to] : [to, from];
  const slope = (end[1 - long] - start[1 - long]) / (end[long] - start[long] || 1);
  const steps = Math.floor(end[long] - start[long]);
  for (let i = 0; i <= steps; i++) {
    const [at, beside] = [Math.round(start[long]) + i, Math.round(start[1 - long] + i * slope)];
    mark(grid, long ? [beside, at] : [at, beside]);
  }
  mark(grid, end.map(Math.round));
}

function mark({ side, samples }, [x, y]) {
  if (x >= 0 && y >= 0 && x < side && y < side) samples[y * side + x] = 1;
}

function fill({ side, samples }, [left, right, top, bottom], holds) {
  for (let y = Math.max(0, Math.ceil(top)); y <= Math.min(side - 1, bottom); y++) {
    for (let x = Math.max(0, Math.ceil(left)); x <= Math.min(side - 1, right); x++) {
      if (holds(x, y)) samples[y * side + x] = 1;
    }
  }
}

/** How far to move, in whole samples, so that the centre of mass is the centre and no ink is lost. */
function shiftToCentre({ side, samples }) {
  let [mass, sumX, sumY, left, right, top, bottom] = [0, 0, 0, side, -1, side, -1];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (!samples[y * side + x]) continue;
      mass += 1;
      sumX += x;
      sumY += y;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  if (!mass) return { dx: 0, dy: 0 };
  return { dx: shift(sumX / mass, left, right, side), dy: shift(sumY / mass, top, bottom, side) };
}

function shift(mass, first, last, side) {
  const wanted = Math.floor((side - 1) / 2 - mass + 0.5 + TIE_BREAK);
  return Math.min(Math.max(wanted, -first), side - 1 - last);
}

function average({ side, samples }, { dx, dy }) {
  const size = side / SAMPLES;
  const sums = new Uint16Array(size * size);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (samples[y * side + x]) sums[((y + dy) >> 3) * size + ((x + dx) >> 3)] += 1;
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round((sum * 255) / (SAMPLES * SAMPLES)));
}
