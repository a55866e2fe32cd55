// The API: the module that the site's own pages use, and that other programs may copy. The same methods as the Python
// client (clients/python). A program shows a key: new Client({ url: "https://ink.example.org", key: "ink_..." }).
// The site's pages have the session and its token instead: new Client({ root: "/api/v1/", attempts: 1 }).

const TIMEOUT_MS = 15_000;
const BATCH_ITEMS = 256;
const BATCH_BYTES = 3_900_000; // the site reads 4 MiB at once
const BATCH_PICTURES = 30; // and 60 a minute: more at once than it ever lets pass would never be answered
const PASSING = new Set([0, 408, 429, 502, 503, 504]);

/** An answer that is not the one hoped for. `status` is 0 when there was none at all; `code` is stable. */
export class ApiError extends Error {
  constructor(status, { code = "", detail = "", field = null } = {}, retryAfter = 0) {
    super(detail || code || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.field = field; // what is to blame, or null
    this.retryAfter = retryAfter; // seconds
  }

  get isOffline() {
    return this.status === 0;
  }

  /** The same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  get needsSignIn() {
    return this.status === 401 || (this.status === 403 && this.code !== "consent_required");
  }
}

/** `attempts`: how often a passing failure is tried in all. `longest`: seconds that are waited at most in between. */
export class Client {
  #root;
  #key;
  #attempts;
  #longest;

  constructor({ url = "", root = `${url.replace(/\/+$/, "")}/api/v1/`, key = "", attempts = 4, longest = 60 }) {
    this.#root = root;
    this.#key = key;
    this.#attempts = attempts;
    this.#longest = longest;
  }

  /** `content`: `recognizer`, and `ink` (strokes) or `image` (a Blob), perhaps `top_k`, `threshold`, `as_of`, `keep`, ... */
  predict(content) {
    return content.keep ? this.#send("POST", "predict", { id: newId(), ...content }) : this.#send("POST", "predict", content, { writes: false });
  }

  /** An answer for each of `items` (ink, or data URLs of pictures), an ApiError in the place of one that is none. */
  async predictBatch({ recognizer, items, ...options }) {
    const found = [];
    for (const part of parts(items)) {
      const { results, ...by } = await this.#send("POST", "predict/batch", { recognizer, items: part, ...options }, { writes: false }).catch((error) => {
        if (part.length > 1 || error.status !== 413) throw error;
        return { results: [{ error }] }; // one that is too large by itself does not spoil the rest
      });
      found.push(...results.map(({ index, error, ...said }) => (error ? toError(error) : { ...by, ...said })));
    }
    return found;
  }

  /** What a kept prediction should have been: `{ label }`, or `{ correct: true }`. */
  feedback(prediction, said) {
    return this.#send("POST", `predictions/${prediction}/feedback`, said);
  }

  /** Keep a drawing; `content.id` makes a repeated request harmless, and is made here where it is missing. */
  keep(content, { leaving = false } = {}) {
    return this.#send("POST", "drawings", { id: newId(), ...content }, { keepalive: leaving });
  }

  drawing(id) {
    return this.#send("GET", `drawings/${id}`);
  }

  /** One's own, the newest first, fetched as they are looked at: for await (const drawing of client.drawings()). */
  drawings(filters = {}) {
    return this.#pages("drawings", { page_size: 100, ...filters });
  }

  /** The picture of a drawing that came as one. */
  image(id) {
    return this.#send("GET", `drawings/${id}/image`, undefined, { as: "blob" });
  }

  delete(id) {
    return this.#send("DELETE", `drawings/${id}`);
  }

  correct(id, label) {
    return this.#send("PUT", `drawings/${id}/correction`, { label });
  }

  takeBack(id) {
    return this.#send("DELETE", `drawings/${id}/correction`);
  }

  async recognizers() {
    return (await this.#send("GET", "recognizers")).results;
  }

  versions(recognizer) {
    return this.#pages(`recognizers/${encodeURIComponent(recognizer)}/versions`);
  }

  /** `{ content, etag, version }`; null where `etag` is still that of the model. */
  downloadModel(recognizer, { version = null, etag = "" } = {}) {
    const where = version === null ? "" : `/versions/${version}`;
    const headers = etag ? { "If-None-Match": etag } : {};
    return this.#send("GET", `recognizers/${encodeURIComponent(recognizer)}${where}/model.tflite`, undefined, { as: "model", headers });
  }

  usage() {
    return this.#pages("usage");
  }

  /** Only the cursor is taken of the next address: the key goes nowhere but to its site. */
  async *#pages(path, filters = {}) {
    const asked = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== undefined && value !== null));
    for (;;) {
      const query = asked.size ? `?${asked}` : "";
      const { results, next } = await this.#send("GET", path + query);
      yield* results;
      if (!next) return;
      asked.set("cursor", new URL(next).searchParams.get("cursor"));
    }
  }

  /** Every request bears being repeated: what writes carries a key that stays the same, so it is done once. */
  async #send(method, path, content, { as = "json", headers = {}, writes = method !== "GET", ...options } = {}) {
    const attempts = options.keepalive ? 1 : this.#attempts;
    const once = writes && attempts > 1 ? { "Idempotency-Key": newId() } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ask(method, path, content, as, { ...headers, ...once }, options);
      } catch (error) {
        const wait = this.#wait(error, attempt, attempts);
        if (wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    }
  }

  /** Seconds until the next attempt; null where there is none. */
  #wait(error, attempt, attempts) {
    const passes = error instanceof ApiError && (PASSING.has(error.status) || error.code === "idempotency_in_progress");
    if (!passes || attempt >= attempts || error.retryAfter > this.#longest) return null;
    const share = 0.5 + Math.random() / 2;
    return error.retryAfter ? error.retryAfter + share / 2 : Math.min(this.#longest, 2 ** (attempt - 2)) * share;
  }

  async #ask(method, path, content, as, more, options) {
    const headers = { Accept: as === "json" ? "application/json" : "*/*", ...this.#credentials(), ...more };
    const body = toBody(content, headers);
    let response;
    try {
      const signal = options.keepalive ? undefined : AbortSignal.timeout(TIMEOUT_MS);
      const credentials = this.#key ? "omit" : "same-origin";
      response = await fetch(this.#root + path, { method, headers, body, signal, credentials, ...options });
      return await read(response, as);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(0, { code: "no_answer", detail: error.message });
    }
  }

  #credentials() {
    if (this.#key) return { Authorization: `Bearer ${this.#key}` };
    return typeof document === "undefined" ? {} : { "X-CSRFToken": csrfToken() }; // a program outside of pages may ask, too
  }
}

async function read(response, as) {
  if (as === "model" && response.status === 304) return null;
  if (!response.ok) {
    const data = await response.json().catch(() => null);
    throw new ApiError(response.status, data ?? {}, Number(response.headers.get("Retry-After")) || 0);
  }
  if (as === "blob") return response.blob();
  if (as === "json") return response.status === 204 ? null : response.json();
  const version = Number(response.headers.get("Model-Version")) || null;
  return { content: await response.arrayBuffer(), etag: response.headers.get("ETag"), version };
}

/** Read anew each time: signing in elsewhere gives the browser another one. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/** As many requests as it takes, each as large as the site reads. */
function* parts(items) {
  let part = [], size = 0, pictures = 0;
  for (const drawn of items) {
    const picture = typeof drawn === "string" ? 1 : 0;
    const item = picture ? { image: drawn } : { ink: drawn };
    const weight = JSON.stringify(item).length + 1;
    const full = part.length === BATCH_ITEMS || size + weight > BATCH_BYTES || pictures + picture > BATCH_PICTURES;
    if (part.length && full) {
      yield part;
      [part, size, pictures] = [[], 0, 0];
    }
    part.push(item);
    size += weight;
    pictures += picture;
  }
  if (part.length) yield part;
}

function toError(error) {
  return error instanceof ApiError ? error : new ApiError(400, error);
}

/** Pictures travel as a form, everything else as JSON. */
function toBody(content, headers) {
  if (content === undefined) return undefined;
  if (!(content.image instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    return JSON.stringify(content);
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(content)) form.append(name, value);
  return form;
}

/** A version 4 UUID, also where the page did not come over HTTPS and randomUUID is missing. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
