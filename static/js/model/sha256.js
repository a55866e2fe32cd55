// The SHA-256 of a file. Pages without HTTPS have no `crypto.subtle`; for them it is computed here (FIPS 180-4).

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** `buffer`: an ArrayBuffer. Resolves to 64 hexadecimal digits. */
export async function sha256(buffer) {
  if (globalThis.crypto?.subtle) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", buffer)));
  return computeSha256(buffer);
}

export function computeSha256(buffer) {
  const state = Uint32Array.from(fractions(8, 1 / 2));
  const constants = Uint32Array.from(fractions(64, 1 / 3));
  const schedule = new Uint32Array(64);
  const blocks = padded(buffer);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let i = 0; i < 16; i += 1) schedule[i] = blocks.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const [a, b] = [schedule[i - 15], schedule[i - 2]];
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
      schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
    }
    compress(state, schedule, constants);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

function compress(state, schedule, constants) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + schedule[i]) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
}

const rotate = (word, by) => (word >>> by) | (word << (32 - by));

/** The first 32 bits after the point of these roots of the first primes. */
function fractions(count, power) {
  const primes = [];
  for (let n = 2; primes.length < count; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
  return primes.map((prime) => ((prime ** power) % 1) * 2 ** 32);
}

/** The file, a bit that is 1, zeros, and the length in bits, in blocks of 64 bytes. */
function padded(buffer) {
  const bytes = new Uint8Array(Math.ceil((buffer.byteLength + 9) / 64) * 64);
  bytes.set(new Uint8Array(buffer));
  bytes[buffer.byteLength] = 128;
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(buffer.byteLength / 2 ** 29));
  view.setUint32(bytes.length - 4, (buffer.byteLength * 8) >>> 0);
  return view;
}
