// What a round asks for: the labels of a recognizer, and which of them come next.

import { readList } from "../shared/label_lists.js";

/** Reads what can be asked for, `{ before, after, labels, examples, unsureBelow }`. Throws if it cannot be read. */
export async function loadPrompts(address) {
  const { labels, weights, ...rest } = await readJson(address);
  const list = await readList(labels);
  return { ...rest, labels: list.labels.map((label) => ({ ...label, weight: weights[label.slug] ?? 1 })) };
}

/** Throws if it cannot be read. */
export async function readJson(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

/**
 * So many labels, in a random order. Labels with few drawings have a larger weight and come more often. None comes twice
 * before all have come once, and none twice in a row.
 */
export function choosePrompts(labels, count, random = Math.random) {
  const chosen = [];
  let left = [];
  while (chosen.length < count) {
    if (!left.length) left = labels.filter((label) => labels.length === 1 || label !== chosen.at(-1));
    const label = draw(left, random);
    left = left.filter((each) => each !== label);
    chosen.push(label);
  }
  return chosen;
}

function draw(labels, random) {
  let rest = random() * labels.reduce((sum, { weight }) => sum + weight, 0);
  return labels.find(({ weight }) => (rest -= weight) < 0) ?? labels.at(-1);
}
