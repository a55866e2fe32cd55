// A network that answers rasters, from the `.tflite` file that the server answers with. Needs no page, so it works in a
// worker and in other programs.

import { prepare, sizeOf } from "./operations.js";
import { UnknownModelError, orUnknown, readModel } from "./tflite.js";

export { UnknownModelError };

export class Network {
  #model;
  #steps;

  /** `file`: an ArrayBuffer. Throws UnknownModelError. */
  constructor(file) {
    this.#model = readModel(file);
    orUnknown(() => this.#prepare());
  }

  #prepare() {
    const { tensors, operations, input, outputs } = this.#model;
    const [batch, height, width, channels] = tensors[input].shape;
    if (batch !== 1 || height !== width || channels !== 1) throw new UnknownModelError("the input is not one raster");
    if (!("probabilities" in outputs && "embedding" in outputs)) throw new UnknownModelError("outputs are missing");
    tensors[input].data = new Float32Array(sizeOf(tensors[input].shape));
    this.size = height;
    this.classes = tensors[outputs.probabilities].shape.at(-1);
    this.#steps = operations.map((operation) => prepare(operation, tensors));
  }

  /**
   * Answer a raster: size * size greys, 255 where the ink is. Gives `{ probabilities, embedding }` as Float32Arrays,
   * the probabilities in the order of the labels; what they lack of 1 is the probability of "none of these".
   */
  predict(raster) {
    const { tensors, input, outputs } = this.#model;
    const { data } = tensors[input];
    if (raster.length !== data.length) throw new RangeError(`the model takes ${this.size} x ${this.size} greys`);
    for (let i = 0; i < data.length; i += 1) data[i] = Math.fround(raster[i]) / Math.fround(255);
    for (const step of this.#steps) step();
    return { probabilities: tensors[outputs.probabilities].data.slice(0, -1), embedding: tensors[outputs.embedding].data.slice() };
  }

  /** The layers as of the last answer: `{ name, options, shape, data, weights }`, where weights are `{ shape, data, scales }` or null. */
  get layers() {
    const { tensors, operations } = this.#model;
    return operations.map(({ name, options, inputs, outputs }) => {
      const { shape, data } = tensors[outputs[0]];
      return { name, options, shape, data, weights: ["convolution", "dense"].includes(name) ? tensors[inputs[1]] : null };
    });
  }
}
