// Makes a picture one that the server takes: the file itself where it can be, else a copy with fewer pixels or in another format.
// What a file is, its first bytes say: its type may be missing, or wrong.

const KINDS = {
  png: /^\x89PNG\r\n\x1a\n/,
  jpeg: /^\xff\xd8\xff/,
  webp: /^RIFF[^]{4}WEBP/,
  bmp: /^BM/,
  heic: /^[^]{4}ftyp(?:hei|hev|mif1|msf1)/, // what phones store
};
const HEAD_BYTES = 32_768;

// The server's limits (ml/preprocessing/image_limits.py), or less.
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_SIDE = 12_000;
const MOST_PIXELS = { png: 16e6, jpeg: 16e6, bmp: 6e6, webp: 8.4e6 };
const MOST_TRANSPARENT_PIXELS = { png: 6e6, webp: 4.2e6 };

const PNG = { type: "image/png", pixels: 6e6, ground: null };
const JPEG = { type: "image/jpeg", pixels: 16e6, ground: "white" };
const LESS = 0.7; // of the sides, while a copy has too many bytes

const PROBE_SIDE = 32; // pixels
const NOISE = 3; // levels of 255 that a pixel may differ; more would be another picture

/** `why` is the name of a text. */
export class PictureError extends Error {
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** The file, or a copy that the server takes. Raises a PictureError for what neither the server nor this browser can read. */
export async function toSend(file) {
  const kind = await kindOf(file);
  const image = await decode(file).catch(() => null);
  const isReadable = kind.name in MOST_PIXELS;
  if (isReadable && (!image || fits(file, image, kind))) return file;
  const copy = image && (await copyOf(image, kind).catch(() => null));
  if (copy) return copy;
  if (isReadable) return file; // the server says what is wrong with it
  throw new PictureError(kind.name === "heic" ? "heic" : "notAPicture");
}

async function kindOf(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const start = String.fromCharCode(...bytes.subarray(0, 32));
  const name = Object.keys(KINDS).find((each) => KINDS[each].test(start)) ?? "";
  return { name, isTransparent: Boolean(TRANSPARENT[name]?.(bytes)) };
}

const TRANSPARENT = {
  png: (bytes) => [4, 6].includes(bytes[25]) || new TextDecoder("latin1").decode(bytes).includes("tRNS"),
  webp: (bytes) => Boolean(bytes[15] === 0x58 ? bytes[20] & 0x10 : bytes[15] === 0x4c && bytes[24] & 0x10), // VP8X, VP8L
};

async function decode(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
    if (!image.naturalWidth) throw new Error("a picture without a size");
    return image;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

function fits(file, { naturalWidth: width, naturalHeight: height }, { name, isTransparent }) {
  const most = (isTransparent && MOST_TRANSPARENT_PIXELS[name]) || MOST_PIXELS[name];
  return file.size <= MOST_BYTES && width * height <= most && Math.max(width, height) <= MOST_SIDE;
}

/** As large as the server takes, so that thin lines stay. Null if this browser changes what it is told to draw. */
async function copyOf(image, kind) {
  if (!(await isFaithful())) return null;
  if (kind.name !== "jpeg" && kind.name !== "heic") {
    const copy = await encode(image, largest(image, PNG), PNG);
    if (copy.size <= MOST_BYTES) return copy;
  }
  for (let scale = largest(image, JPEG); ; scale *= LESS) {
    const copy = await encode(image, scale, JPEG);
    if (copy.size <= MOST_BYTES) return copy;
  }
}

function largest({ naturalWidth: width, naturalHeight: height }, { pixels }) {
  return Math.min(1, Math.sqrt(pixels / (width * height)), MOST_SIDE / Math.max(width, height));
}

async function encode(image, scale, { type, ground }) {
  const floor = (length) => Math.max(1, Math.floor(length * scale));
  const canvas = newCanvas(floor(image.naturalWidth), floor(image.naturalHeight));
  const context = canvas.getContext("2d");
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return toBlob(canvas, type);
}

/**
 * Whether the browser gives back what was drawn. Those that resist fingerprinting may give noise or nothing, so a known
 * pattern is drawn, encoded and read.
 */
async function isFaithful() {
  const grey = (x, y) => (x * 83 + y * 149) % 256;
  const drawn = newCanvas(PROBE_SIDE, PROBE_SIDE);
  const context = drawn.getContext("2d");
  forEachPixel((x, y) => {
    context.fillStyle = `rgb(${grey(x, y)}, ${grey(x, y)}, ${grey(x, y)})`;
    context.fillRect(x, y, 1, 1);
  });
  const read = newCanvas(PROBE_SIDE, PROBE_SIDE).getContext("2d");
  read.drawImage(await decode(await toBlob(drawn, "image/png")), 0, 0);
  const { data } = read.getImageData(0, 0, PROBE_SIDE, PROBE_SIDE);
  let isSame = true;
  forEachPixel((x, y, i) => {
    for (const level of data.subarray(i * 4, i * 4 + 3)) isSame &&= Math.abs(level - grey(x, y)) <= NOISE;
  });
  return isSame;
}

function forEachPixel(action) {
  for (let i = 0; i < PROBE_SIDE ** 2; i++) action(i % PROBE_SIDE, Math.floor(i / PROBE_SIDE), i);
}

function newCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function toBlob(canvas, type) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the canvas cannot be encoded"))), type, 0.92);
  });
}
