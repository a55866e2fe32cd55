// What the model sees: the same recipe as the server's, so that it can be shown without asking.
// Ink is fitted into 20x20 of 28x28, drawn with a pen of fixed width on an eightfold grid, centred
// by mass and averaged down. Golden vectors hold this and the server's renderer together.

export const SIZE = 28;

const BOX = 20;
const PEN = 2.2;
const SAMPLES = 8;
const SIDE = SIZE * SAMPLES;
const FRACTION = 16; // points lie on a grid of 1/16 of a sample
const TIE_BREAK = 1e-4;
const SMALLEST_EXTENT = 1e-6; // units; less is a dot

/** `ink` is a list of strokes [[x...], [y...], ...]; gives SIZE * SIZE greys, 255 where the ink is. */
export function rasterise(ink) {
  const grid = new Uint8Array(SIDE * SIDE);
  const radius = Math.max(1, Math.round(PEN * SAMPLES)) / 2;
  for (const line of fit(ink)) drawLine(grid, line, radius);
  return average(grid, shiftToCentre(grid));
}

function fit(ink) {
  const all = (axis) => ink.flatMap((stroke) => stroke[axis]);
  const [x, y] = [extent(all(0)), extent(all(1))];
  const larger = Math.max(x.high - x.low, y.high - y.low);
  const scale = larger > SMALLEST_EXTENT ? (BOX - PEN) / larger : 0;
  const place = (value, { low, high }) => toGrid(((value - (low + high) / 2) * scale + SIZE / 2) * SAMPLES);
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

/** Every sample beside the segment, up to its ends, with those that a rounded edge touches. */
function drawBar(grid, [ax, ay], [bx, by], radius) {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  if (!length2) return;
  const reach = radius + (0.5 * Math.max(Math.abs(dx), Math.abs(dy))) / Math.sqrt(length2);
  const box = [Math.min(ax, bx) - reach, Math.max(ax, bx) + reach, Math.min(ay, by) - reach, Math.max(ay, by) + reach];
  fill(grid, box, (x, y) => {
    const [px, py] = [x - TIE_BREAK - ax, y - TIE_BREAK - ay];
    const along = px * dx + py * dy;
    const across = px * dy - py * dx;
    return along >= 0 && along <= length2 && across * across <= reach * reach * length2;
  });
}

function fill(grid, [left, right, top, bottom], holds) {
  for (let y = Math.max(0, Math.ceil(top)); y <= Math.min(SIDE - 1, bottom); y++) {
    for (let x = Math.max(0, Math.ceil(left)); x <= Math.min(SIDE - 1, right); x++) {
      if (holds(x, y)) grid[y * SIDE + x] = 1;
    }
  }
}

/** How far to move, in whole samples, so that the centre of mass is the centre and no ink is lost. */
function shiftToCentre(grid) {
  let [mass, sumX, sumY, left, right, top, bottom] = [0, 0, 0, SIDE, -1, SIDE, -1];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      if (!grid[y * SIDE + x]) continue;
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
  return { dx: shift(sumX / mass, left, right), dy: shift(sumY / mass, top, bottom) };
}

function shift(mass, first, last) {
  const wanted = Math.floor((SIDE - 1) / 2 - mass + 0.5 + TIE_BREAK);
  return Math.min(Math.max(wanted, -first), SIDE - 1 - last);
}

function average(grid, { dx, dy }) {
  const sums = new Uint16Array(SIZE * SIZE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      if (grid[y * SIDE + x]) sums[((y + dy) >> 3) * SIZE + ((x + dx) >> 3)] += 1;
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round((sum * 255) / (SAMPLES * SAMPLES)));
}
