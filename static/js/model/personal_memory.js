// Personal memory: adjusts a model's answer by the drawings that a person confirmed or corrected. The same as
// ml/embeddings/personal_memory.py, which explains each step; without labels that the model does not know.

const MAX_NAMED = 3;
const WEIGHT = 4;
const WIDTH = 0.08;
const MIN_COSINE = 0.85;
const NEAREST = 5;
const SAME_WIDTH = 0.001;
const SAME_SHARE = 0.9;
const MIN_VOTES = 0.05;
const POSSIBLE = 0.003;
const POSSIBLE_OF_DOUBT = 0.03;
const UNSUPPORTED = 0.1;
const FRESH = 0.7;
const FADING = 0.7;
const DEMOTION = 2;

/** `drawings`: { embedding, probabilities, label } each, the oldest first; `label` is an output of the network. */
export function buildMemory(drawings) {
  const labels = drawings.map(({ label }) => label);
  const plain = drawings.map(({ probabilities }) => probabilities);
  const directions = drawings.map(({ embedding }) => toUnit(embedding));
  const confirms = plain.map((each, i) => indexOfLargest(each) === labels[i]);
  const leftOpen = plain.map((each) => 1 - Math.max(...each));
  const near = directions.map((one) => directions.map((other) => affinity(dot(one, other))));
  const belief = believe(near, plain, labels, confirms);
  const corrections = confirms.filter((confirmed) => !confirmed).length;
  return { directions, labels, belief, confirms, attention: Math.min(1, corrections / Math.max(sum(leftOpen), 1e-9)) };
}

/** Returns { probabilities, because: indices of drawings, the strongest first }; null if the network's answer stays. */
export function adjustAnswer(memory, probabilities, embedding) {
  const { labels, confirms, attention } = memory;
  const first = indexOfLargest(probabilities);
  const { strongest, networkShare } = nearest(memory, embedding);
  const votes = strongest.map(({ row, near }) => {
    const overrules = labels[row] !== first && confirms[row];
    return { row, vote: WEIGHT * near * (overrules ? attention : 1) };
  });
  const total = sum(votes.map(({ vote }) => vote));
  if (total < MIN_VOTES) return null;
  const personal = Array.from(probabilities, (probability) => networkShare * probability);
  for (const { row, vote } of votes) personal[labels[row]] += vote;
  const chosen = indexOfLargest(personal);
  const counted = votes.filter(({ vote }) => vote >= MIN_VOTES / NEAREST);
  const forChosen = counted.filter(({ row }) => labels[row] === chosen);
  const named = (forChosen.length ? forChosen : counted).slice(0, MAX_NAMED);
  return { probabilities: personal.map((share) => share / (networkShare + total)), because: named.map(({ row }) => row) };
}

/** The nearest drawings, the strongest first, and the network's share. */
function nearest({ directions, belief }, embedding) {
  const unit = toUnit(embedding);
  const rows = directions.map((direction, row) => ({ row, cosine: dot(direction, unit) })).filter(({ cosine }) => cosine > MIN_COSINE);
  const same = rows.map(({ cosine }) => Math.exp((cosine - 1) / SAME_WIDTH));
  const networkShare = 1 - Math.min(Math.max(0, ...same), SAME_SHARE);
  const all = rows.map(({ row, cosine }, i) => ({ row, near: Math.max(networkShare * affinity(cosine) * belief[row], same[i]) }));
  return { strongest: all.sort((one, other) => other.near - one.near).slice(0, NEAREST), networkShare };
}

/** How far each statement is believed, from 0 to 1. */
function believe(near, plain, labels, confirms) {
  const agree = near.map((row, i) => sum(row.filter((_, j) => labels[j] === labels[i])) - 1);
  const contradict = near.map((row, i) => sum(row) - 1 - agree[i]);
  const support = plain.map((each, i) => {
    const possible = each[labels[i]] + POSSIBLE_OF_DOUBT * (1 - Math.max(...each));
    return Math.max(possible / POSSIBLE + agree[i], 0);
  });
  const unlikely = support.map((each, i) => (confirms[i] ? 0 : 1 / (1 + each)));
  const allUnlikely = sum(unlikely);
  return support.map((each, i) => {
    const fresh = UNSUPPORTED + FRESH * FADING ** (labels.length - 1 - i);
    const given = fresh / (1 + DEMOTION * (allUnlikely - unlikely[i]));
    return Math.min((given + each) / (1 + each + contradict[i]), 1);
  });
}

function affinity(cosine) {
  return cosine > MIN_COSINE ? Math.exp((cosine - 1) / WIDTH) : 0;
}

function toUnit(vector) {
  const length = Math.max(Math.sqrt(dot(vector, vector)), 1e-9);
  return Float32Array.from(vector, (value) => value / length);
}

function dot(one, other) {
  let found = 0;
  for (let i = 0; i < one.length; i += 1) found += one[i] * other[i];
  return found;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function indexOfLargest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[best]) best = i;
  return best;
}

/** 16-bit floats, as `pack_answer` writes them, in base64. */
export function unpackFloats(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const halves = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(halves.getUint16(2 * i, true)));
}

function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
