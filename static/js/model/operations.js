// The operations of a network. Each is prepared once for its model and gives a function that is called for each drawing.
//
// Layers with weights in 8 bits compute as LiteRT does: it rounds their inputs to 8 bits too, with a scale and a zero
// point that fit the smallest and the largest input, and adds up whole numbers. So the answers are the server's.

import { NonZeros, Runs, multiply, packWeights } from "./product.js";
import { UnknownModelError } from "./tflite.js";

/** The size of a tensor: how many numbers. */
export const sizeOf = (shape) => shape.reduce((product, side) => product * side, 1);

/**
 * Prepare an operation. `tensors` are those of the model; those that are computed get their `data` here. Returns a
 * function without arguments that computes the output from the inputs.
 */
export function prepare({ name, options, inputs, outputs }, tensors) {
  const output = tensors[outputs[0]];
  output.data = new Float32Array(sizeOf(output.shape));
  const run = PREPARE[name](inputs.map((number) => tensors[number]), output, options);
  if (options.activation !== "relu") return run;
  return () => {
    run();
    relu(output.data);
  };
}

const PREPARE = {
  convolution: prepareConvolution,
  dense: prepareDense,
  maxPooling: prepareMaxPooling,
  add: prepareAdd,
  multiply: prepareMultiply,
  mean: prepareMean,
  reshape: ([input], output) => () => output.data.set(input.data),
  softmax: prepareSoftmax,
};

function prepareConvolution([input, weights, bias], output, options) {
  if (options.dilated) throw new UnknownModelError("dilated convolutions are not known");
  const [, height, width, channels] = input.shape;
  const [, rows, columns] = weights.shape;
  const [, outHeight, outWidth] = output.shape;
  const [top, left] = borders(input.shape, output.shape, [rows, columns], options);
  const runs = new Runs(outHeight * outWidth, rows);
  for (let place = 0; place < runs.places; place += 1) {
    const x = (place % outWidth) * options.strides[1] - left;
    const first = Math.max(0, x); // beside the picture all is 0
    for (let row = 0; row < rows; row += 1) {
      const y = Math.floor(place / outWidth) * options.strides[0] - top + row;
      if (y < 0 || y >= height) continue;
      runs.set(place, row, y * width + first, y * width + Math.min(x + columns, width), (row * columns + first - x) * channels, channels);
    }
  }
  return prepareLayer(new NonZeros(height * width, channels), runs, { input, weights, bias, output });
}

function prepareDense([input, weights, bias], output) {
  const runs = new Runs(1, 1);
  runs.set(0, 0, 0, 1, 0, 0);
  return prepareLayer(new NonZeros(1, weights.shape[1]), runs, { input, weights, bias, output });
}

/** What convolutions and dense layers share. */
function prepareLayer(numbers, runs, { input, weights, bias, output }) {
  const outputs = weights.shape[0];
  const packed = packWeights(weights.data, outputs, weights.data.length / outputs);
  const sums = new Float64Array(output.data.length);
  const scales = Float32Array.from({ length: outputs }, (_, i) => (weights.scales ? weights.scales[weights.scales.length > 1 ? i : 0] : 1));
  const terms = bias?.data ?? new Float32Array(outputs);
  const read = weights.type === "int8" ? roundTo8Bits : copy;
  const into = new Float64Array(sizeOf(input.shape));
  return () => {
    const step = read(input.data, into);
    numbers.read(into);
    multiply(numbers, runs, packed, sums);
    for (let i = 0, o = 0; i < sums.length; i += 1, o = o + 1 === outputs ? 0 : o + 1) {
      output.data[i] = Math.fround(Math.fround(sums[i] * step) * scales[o]) + terms[o];
    }
  };
}

function copy(data, into) {
  into.set(data);
  return 1;
}

/** The numbers in whole steps, from -255 to 255; returns what a step is worth. Arithmetic in 32 bits, as LiteRT's. */
function roundTo8Bits(data, into) {
  let low = 0, high = 0;
  for (let i = 0; i < data.length; i += 1) {
    if (data[i] < low) low = data[i];
    else if (data[i] > high) high = data[i];
  }
  const step = low === high ? 1 : Math.fround(Math.fround(high - low) / 255);
  const inverse = Math.fround(1 / step);
  const [below, above] = [Math.fround(low * inverse), Math.fround(high * inverse)];
  const zero = roundHalfToEven(Math.min(127, Math.max(-128, below - 128 + (above + 127) > 0 ? -128 - below : 127 - above)));
  for (let i = 0; i < data.length; i += 1) {
    into[i] = Math.min(127 - zero, Math.max(-128 - zero, roundHalfToEven(Math.fround(data[i] * inverse))));
  }
  return step;
}

/** Adding 1.5 * 2^52 leaves no room for digits after the point; the processor rounds. */
const roundHalfToEven = (value) => value + 6755399441055744 - 6755399441055744;

function prepareMaxPooling([input], output, options) {
  const [, height, width, channels] = input.shape;
  const [, outHeight, outWidth] = output.shape;
  const [rows, columns] = options.window;
  const [top, left] = borders(input.shape, output.shape, options.window, options);
  return () => {
    output.data.fill(-Infinity);
    for (let y = 0; y < outHeight; y += 1) {
      for (let x = 0; x < outWidth; x += 1) {
        const to = (y * outWidth + x) * channels;
        for (let row = 0; row < rows; row += 1) {
          for (let column = 0; column < columns; column += 1) {
            const atY = y * options.strides[0] - top + row;
            const atX = x * options.strides[1] - left + column;
            if (atY < 0 || atY >= height || atX < 0 || atX >= width) continue;
            const from = (atY * width + atX) * channels;
            for (let c = 0; c < channels; c += 1) {
              if (input.data[from + c] > output.data[to + c]) output.data[to + c] = input.data[from + c];
            }
          }
        }
      }
    }
  };
}

/** How many rows and columns of 0 are added above and to the left of a picture. */
function borders(input, output, window, { padding, strides }) {
  if (padding === "valid") return [0, 0];
  return [0, 1].map((axis) => {
    const missing = (output[1 + axis] - 1) * strides[axis] + window[axis] - input[1 + axis];
    return Math.max(0, missing) >> 1;
  });
}

function prepareAdd([one, other], output) {
  const [size, shorter] = [sizeOf(one.shape), shorterSize(one, other, output)];
  return () => {
    for (let i = 0, o = 0; i < size; i += 1, o = o + 1 === shorter ? 0 : o + 1) output.data[i] = one.data[i] + other.data[o];
  };
}

function prepareMultiply([one, other], output) {
  const [size, shorter] = [sizeOf(one.shape), shorterSize(one, other, output)];
  return () => {
    for (let i = 0, o = 0; i < size; i += 1, o = o + 1 === shorter ? 0 : o + 1) output.data[i] = one.data[i] * other.data[o];
  };
}

/** The size of the second of two tensors that are combined: it has the shape of the first, or a number for each channel. */
function shorterSize(one, other, output) {
  const size = sizeOf(other.shape);
  const allowed = [sizeOf(one.shape), one.shape.at(-1)];
  if (allowed[0] !== output.data.length || !allowed.includes(size)) throw new UnknownModelError("shapes that cannot be combined");
  return size;
}

/** The mean over all positions. */
function prepareMean([input, axes], output) {
  if (`${[...axes.data].sort()}` !== "1,2") throw new UnknownModelError("a mean over other axes than height and width");
  const channels = input.shape.at(-1);
  return () => {
    const places = input.data.length / channels;
    for (let c = 0; c < channels; c += 1) {
      let sum = 0;
      for (let i = c; i < input.data.length; i += channels) sum += input.data[i];
      output.data[c] = sum / places;
    }
  };
}

function prepareSoftmax([input], output, { beta }) {
  return () => {
    const highest = input.data.reduce((most, value) => Math.max(most, value));
    let sum = 0;
    for (let i = 0; i < input.data.length; i += 1) sum += output.data[i] = Math.exp((input.data[i] - highest) * beta);
    for (let i = 0; i < input.data.length; i += 1) output.data[i] /= sum;
  };
}

function relu(data) {
  for (let i = 0; i < data.length; i += 1) if (data[i] < 0) data[i] = 0;
}
