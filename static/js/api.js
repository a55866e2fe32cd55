// The JavaScript client of the API, for the site's own pages and for other programs. It has the same methods as the
// Python client (clients/python). Programs use a key: new Client({ url: "https://ink.example.org", key: "ink_..." }).
// The site's pages use their session: new Client({ root: "/api/v1/", attempts: 1 }).

const TIMEOUT_MS = 15_000;
const BATCH_ITEMS = 256;
const BATCH_BYTES = 3_900_000; // the site accepts 4 MiB
const BATCH_PICTURES = 30; // the site accepts 60 a minute, so a larger request might never be accepted
const TEMPORARY = new Set([0, 408, 429, 502, 503, 504]);

/** An error response. `status` is 0 if there was no response; `code` is stable. */
export class ApiError extends Error {
  constructor(status, { code = "", detail = "", field = null } = {}, retryAfter = 0) {
    super(detail || code || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.field = field; // the field to blame, or null
    this.retryAfter = retryAfter; // seconds
  }

  get isOffline() {
    return this.status === 0;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  get needsSignIn() {
    return this.status === 401 || (this.status === 403 && this.code !== "consent_required");
  }
}

/** `attempts`: how often a request is sent if failures are temporary. `longest`: the longest wait between, in seconds. */
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

  /** An answer, or an ApiError, for each of `items` (ink, or data URLs of pictures). */
  async predictBatch({ recognizer, items, ...options }) {
    const found = [];
    for (const part of parts(items)) {
      const { results, ...by } = await this.#send("POST", "predict/batch", { recognizer, items: part, ...options }, { writes: false }).catch((error) => {
        if (part.length > 1 || error.status !== 413) throw error;
        return { results: [{ error }] }; // a single item that is too large; the others still get their answers
      });
      found.push(...results.map(({ index, error, ...answer }) => (error ? toError(error) : { ...by, ...answer })));
    }
    return found;
  }

  /** Feedback on a saved prediction: `{ label }`, or `{ correct: true }`. */
  feedback(prediction, content) {
    return this.#send("POST", `predictions/${prediction}/feedback`, content);
  }

  /** Save a drawing. `content.id` lets the same request be repeated safely; without it, one is made. */
  keep(content, { leaving = false } = {}) {
    return this.#send("POST", "drawings", { id: newId(), ...content }, { keepalive: leaving });
  }

  drawing(id) {
    return this.#send("GET", `drawings/${id}`);
  }

  /** Your drawings, the newest first: for await (const drawing of client.drawings()). Fetches pages as needed. */
  drawings(filters = {}) {
    return this.#pages("drawings", { page_size: 100, ...filters });
  }

  /** The picture of a drawing that was sent as one. */
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

  /** `{ content, etag, version }`; null if the model still has this `etag`. */
  downloadModel(recognizer, { version = null, etag = "" } = {}) {
    const where = version === null ? "" : `/versions/${version}`;
    const headers = etag ? { "If-None-Match": etag } : {};
    return this.#send("GET", `recognizers/${encodeURIComponent(recognizer)}${where}/model.tflite`, undefined, { as: "model", headers });
  }

  usage() {
    return this.#pages("usage");
  }

  /** Only the cursor of `next` is used: the key must not be sent to another address than the site's. */
  async *#pages(path, filters = {}) {
    const params = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== undefined && value !== null));
    for (;;) {
      const query = params.size ? `?${params}` : "";
      const { results, next } = await this.#send("GET", path + query);
      yield* results;
      if (!next) return;
      params.set("cursor", new URL(next).searchParams.get("cursor"));
    }
  }

  /** All attempts of a write have the same idempotency key, so that it runs once. */
  async #send(method, path, content, { as = "json", headers = {}, writes = method !== "GET", ...options } = {}) {
    const attempts = options.keepalive ? 1 : this.#attempts;
    const idempotency = writes && attempts > 1 ? { "Idempotency-Key": newId() } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#fetch(method, path, content, as, { ...headers, ...idempotency }, options);
      } catch (error) {
        const wait = this.#wait(error, attempt, attempts);
        if (wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    }
  }

  /** Seconds until the next attempt; null if there is none. */
  #wait(error, attempt, attempts) {
    const passes = error instanceof ApiError && (TEMPORARY.has(error.status) || error.code === "idempotency_in_progress");
    if (!passes || attempt >= attempts || error.retryAfter > this.#longest) return null;
    const share = 0.5 + Math.random() / 2;
    return error.retryAfter ? error.retryAfter + share / 2 : Math.min(this.#longest, 2 ** (attempt - 2)) * share;
  }

  async #fetch(method, path, content, as, more, options) {
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
    return typeof document === "undefined" ? {} : { "X-CSRFToken": csrfToken() }; // not every program has a page
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

/** Read each time: it changes when the person signs in in another tab. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

/** The items of each request, as many as the site accepts. */
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

/** A form for a picture, JSON for everything else. */
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

/** A version 4 UUID. Pages without HTTPS have no crypto.randomUUID. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
