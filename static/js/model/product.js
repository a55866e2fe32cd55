// Products of matrices in plain JavaScript, made fast for the layers of a network: most inputs are 0 after a ReLU and
// are skipped, and weights in 8 bits are multiplied two at a time.

const GROUP = 8; // sums that are computed together: as many as the processor holds in registers
const SHIFT = 2 ** 27; // of the second of two sums in one number
const LONGEST = 2 ** 26 / (255 * 128); // inputs of a sum that fits below SHIFT with its sign

/**
 * Weights ready to be multiplied. `weights`: `outputs` rows of `length` numbers, one after the other.
 *
 * A double holds whole numbers up to 2^53 exactly. Weights and inputs in 8 bits give sums below 2^26, so one double
 * holds two of them: a + b * 2^27 with the weights of two outputs makes one product and one sum of two.
 */
export function packWeights(weights, outputs, length) {
  const twice = weights instanceof Int8Array && length <= LONGEST;
  const rows = twice ? Math.ceil(outputs / 2) : outputs;
  const groups = Math.ceil(rows / GROUP);
  const packed = new Float64Array(groups * length * GROUP);
  for (let row = 0; row < outputs; row += 1) {
    const lane = twice ? row >> 1 : row;
    const start = Math.floor(lane / GROUP) * length * GROUP + (lane % GROUP);
    const factor = twice && row % 2 ? SHIFT : 1;
    for (let i = 0; i < length; i += 1) packed[start + i * GROUP] += weights[row * length + i] * factor;
  }
  return { packed, groups, length, outputs, twice };
}

/** Numbers without those that are 0. `places`: how many pixels, of `channels` numbers each. */
export class NonZeros {
  constructor(places, channels) {
    this.channels = channels;
    this.values = new Float64Array(places * channels);
    this.at = new Int32Array(places * channels); // their positions, in steps of GROUP
    this.starts = new Int32Array(places + 1); // where those of a pixel begin
  }

  /** Take these numbers, a Float64Array. */
  read(numbers) {
    const { values, at, starts, channels } = this;
    let count = 0;
    for (let i = 0, place = 0; i < numbers.length; place += 1) {
      for (const end = i + channels; i < end; i += 1) {
        const value = numbers[i];
        values[count] = value;
        at[count] = i * GROUP;
        count += value !== 0 ? 1 : 0; // without a branch that the processor could guess wrongly
      }
      starts[place + 1] = count;
    }
  }
}

/**
 * The runs of pixels below a filter: for each place of the filter `rows` times the first pixel, the end, and where the
 * weights of pixel 0 would begin. Pixels of one row follow each other, and so do their weights.
 */
export class Runs {
  constructor(places, rows) {
    this.rows = rows;
    this.places = places;
    this.list = new Int32Array(places * rows * 3); // a run from 0 to 0 is empty
  }

  set(place, row, first, end, weightsOfFirst, channels) {
    this.list.set([first, end, (weightsOfFirst - first * channels) * GROUP], (place * this.rows + row) * 3);
  }
}

/** `sums[place * outputs + output]`: the sum of the numbers in the runs of each place, times the weights of each output. */
export function multiply(numbers, runs, weights, sums) {
  for (let group = 0; group < weights.groups; group += 1) multiplyGroup(numbers, runs, weights, group, sums);
}

function multiplyGroup({ values, at, starts }, { list, rows, places }, { packed, length, outputs, twice }, group, sums) {
  const base = group * length * GROUP;
  const found = new Float64Array(GROUP);
  const first = group * GROUP * (twice ? 2 : 1);
  const last = Math.min(outputs, first + GROUP * (twice ? 2 : 1));
  for (let place = 0, run = 0; place < places; place += 1) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let row = 0; row < rows; row += 1, run += 3) {
      const shift = base + list[run + 2];
      for (let n = starts[list[run]], end = starts[list[run + 1]]; n < end; n += 1) {
        const value = values[n];
        const w = shift + at[n];
        s0 += value * packed[w];
        s1 += value * packed[w + 1];
        s2 += value * packed[w + 2];
        s3 += value * packed[w + 3];
        s4 += value * packed[w + 4];
        s5 += value * packed[w + 5];
        s6 += value * packed[w + 6];
        s7 += value * packed[w + 7];
      }
    }
    found[0] = s0;
    found[1] = s1;
    found[2] = s2;
    found[3] = s3;
    found[4] = s4;
    found[5] = s5;
    found[6] = s6;
    found[7] = s7;
    write(found, twice, sums, place * outputs + first, last - first);
  }
}

function write(found, twice, sums, start, count) {
  if (!twice) {
    for (let i = 0; i < count; i += 1) sums[start + i] = found[i];
    return;
  }
  for (let i = 0; i < count; i += 2) {
    const both = found[i >> 1];
    const upper = Math.round(both / SHIFT);
    sums[start + i] = both - upper * SHIFT;
    if (i + 1 < count) sums[start + i + 1] = upper;
  }
}
