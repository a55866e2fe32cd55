// Replays how a drawing was drawn, at its own speed but within a given time.

import { toCurve } from "../shared/thumbnails.js";

const LONGEST_MS = 900;
const LONGEST_PAUSE_MS = 120; // between two strokes
const SPEED = 0.25; // units of the drawing per millisecond, where no times are known

/** Whether the user asks for no motion. */
export function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Replay the strokes of an `<svg data-replay>` in `longest` milliseconds at most. Returns a function that ends it at once. */
export function replay(svg, longest = LONGEST_MS) {
  const path = svg.querySelector("path");
  const whole = (path.dataset.whole ??= path.getAttribute("d"));
  const strokes = timed(JSON.parse(svg.dataset.replay));
  const lasts = Math.max(1, strokes.at(-1).at(-1).at);
  const speed = Math.max(1, lasts / longest);
  let frame = requestAnimationFrame(function first(began) {
    const draw = (now) => {
      const at = (now - began) * speed;
      path.setAttribute("d", at < lasts ? until(strokes, at) : whole);
      if (at < lasts) frame = requestAnimationFrame(draw);
    };
    draw(began);
  });
  return () => {
    cancelAnimationFrame(frame);
    path.setAttribute("d", whole);
  };
}

/** Every point with its time in milliseconds. Pauses between strokes are cut short. */
function timed(strokes) {
  let clock = 0;
  let before = 0; // in the time of the drawing
  return strokes.map(([xs, ys, ts]) => {
    clock += ts ? Math.min(LONGEST_PAUSE_MS, ts[0] - before) : LONGEST_PAUSE_MS * (clock > 0);
    return xs.map((x, i) => {
      if (i) clock += ts ? ts[i] - ts[i - 1] : Math.hypot(x - xs[i - 1], ys[i] - ys[i - 1]) / SPEED;
      if (ts) before = ts[i];
      return { x, y: ys[i], at: clock };
    });
  });
}

/** The `d` of what is drawn until `at`; the last line ends between two points. */
function until(strokes, at) {
  return strokes
    .filter((points) => points[0].at <= at)
    .map((points) => toLine(points, at))
    .join("");
}

function toLine(points, at) {
  const there = points.filter((point) => point.at <= at);
  const next = points[there.length];
  if (next) there.push(between(there.at(-1), next, at));
  return toCurve(there.map(({ x, y }) => [x, y]));
}

function between(from, to, at) {
  const share = (at - from.at) / (to.at - from.at || 1);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
