// A model version that answers here, as the server answers with it: the raster, the network, and the ranked guesses.

import { PREPROCESS_VERSION, rasterise } from "../draw/raster.js";
import { Network, UnknownModelError } from "./network.js";
import { orUnknown } from "./tflite.js";

const TOLERANCE = 0.02; // largest difference in probability from the server's answers to the golden vectors

/** A file that is not the one that the site serves, or that does not answer like it. */
export class RefusedModelError extends Error {
  name = "RefusedModelError";
}

export class LocalModel {
  #network;

  /** `about`: what the API says about the version (`…/model`). `file`: its `.tflite` as an ArrayBuffer. Throws UnknownModelError. */
  constructor(about, file) {
    this.about = about;
    if (about.preprocess_version !== PREPROCESS_VERSION) throw new UnknownModelError(`rasters of version ${about.preprocess_version}`);
    this.#network = new Network(file);
    if (this.#network.size !== about.raster.size) throw new UnknownModelError("the raster has another size than the model takes");
    if (this.#network.classes !== about.labels.length + 1) throw new UnknownModelError("the labels do not fit the model");
  }

  get network() {
    return this.#network;
  }

  /** The answer to ink, a list of strokes `[[x...], [y...], ...]`, as the API gives it; see `POST /predict`. */
  answer(ink) {
    return this.answerRaster(rasterise(ink, this.about.raster));
  }

  answerRaster(raster) {
    const { probabilities, embedding } = this.#network.predict(raster);
    const { recognizer, model_version, labels, unsure_below } = this.about;
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]); // keeps the order of equals
    const guesses = order.map((i) => {
      const { slug, glyph, name } = labels[i];
      return { label: slug, glyph, name, probability: Math.round(probabilities[i] * 10_000) / 10_000 };
    });
    const unsure = probabilities[order[0]] < unsure_below;
    const personal = { used: false, changed: false, because: [], model: null };
    return { recognizer, model_version, guesses, unsure, personal, on_device: true, embedding };
  }

  /** Compare with the server's answers. Works in small steps, so that others are answered meanwhile. Throws RefusedModelError. */
  async check({ vectors }) {
    for (const { name, ink, raster, probabilities } of vectors) {
      const drawn = rasterise(ink, this.about.raster);
      const expected = Uint8Array.from(atob(raster), (character) => character.charCodeAt(0));
      if (drawn.some((grey, i) => grey !== expected[i])) throw new RefusedModelError(`"${name}" is drawn differently`);
      const found = orUnknown(() => this.#network.predict(drawn)).probabilities;
      const difference = probabilities.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
      if (!(difference <= TOLERANCE)) throw new RefusedModelError(`"${name}" is answered differently, by ${difference}`);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}
