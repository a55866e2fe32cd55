// The labels of recognizers. A page has only their addresses: each list is fetched once and then stored by the browser,
// and by the service worker together with the model. An address changes when its labels do.

import { addWords } from "./texts.js";

const AGAIN_MS = [1000, 5000, 15_000, 60_000]; // after a failure; the last one from then on
const NOTHING = [];

export class LabelList {
  #bySlug;

  /** `labels`: each `{ slug, glyph, name, asked, tone, language, names, codes, shape }`, in the order of the recognizer. */
  constructor(labels) {
    this.labels = labels;
    this.#bySlug = new Map(labels.map((label) => [label.slug, label]));
  }

  find(slug) {
    return this.#bySlug.get(slug);
  }

  get hasCodes() {
    return this.labels.some(({ codes }) => Object.keys(codes).length > 0);
  }
}

export const NO_LABELS = new LabelList(NOTHING);

/** Fires "labels" (detail: the slug of a recognizer) when a list has arrived. */
export class LabelLists extends EventTarget {
  #addresses;
  #lists = new Map(); // slug -> LabelList
  #asked = new Map(); // slug -> promise of a LabelList

  /** `addresses`: slug of a recognizer -> address of its labels. */
  constructor(addresses) {
    super();
    this.#addresses = new Map(Object.entries(addresses));
  }

  /** What is here: an empty list until it has arrived. */
  get(recognizer) {
    return this.#lists.get(recognizer) ?? NO_LABELS;
  }

  /** Fetch a list, again and again until it arrives. Promise of the LabelList. */
  load(recognizer) {
    if (!this.#addresses.has(recognizer)) return Promise.resolve(NO_LABELS);
    if (!this.#asked.has(recognizer)) this.#asked.set(recognizer, this.#fetch(recognizer));
    return this.#asked.get(recognizer);
  }

  async #fetch(recognizer) {
    const list = await loadList(this.#addresses.get(recognizer));
    this.#lists.set(recognizer, list);
    this.dispatchEvent(new CustomEvent("labels", { detail: recognizer }));
    return list;
  }
}

const lists = new Map(); // address -> promise of a LabelList

/** The labels at an address, fetched once for a page. Promise of a LabelList. */
export function loadList(address) {
  if (!lists.has(address)) lists.set(address, readUntilItArrives(address));
  return lists.get(address);
}

async function readUntilItArrives(address) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await readList(address);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]));
    }
  }
}

/** The labels at an address. Promise of a LabelList; throws if they cannot be read. */
export async function readList(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const { labels, glyphs } = await response.json();
  addWords(labels);
  return new LabelList(labels.map((label) => complete(label, glyphs)));
}

/** Parts that are empty are left out of the file. */
function complete(label, glyphs) {
  const shape = label.drawn ? `${glyphs}#${label.slug}` : "";
  return { glyph: "", language: "", names: NOTHING, codes: {}, tone: "blue", ...label, shape };
}
