// The forms of the review room, sent by the script: the same addresses and fields, answered with JSON.

const TIMEOUT_MS = 15_000;

/** A step that was not taken. `kind`: refused (the server says why), offline, stumbled, signedOut or outOfDate. */
export class StepError extends Error {
  constructor(kind, detail = "") {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
  }

  /** The same step may succeed by itself later. */
  get isPassing() {
    return this.kind === "offline" || this.kind === "stumbled";
  }
}

/** `fields` is a list of [name, value]. */
export async function send(address, fields, { leaving = false } = {}) {
  const response = await ask(address, fields, leaving);
  if (response.type === "opaqueredirect") throw new StepError("signedOut");
  if (response.status === 403) throw new StepError("outOfDate"); // the token of another session
  if (response.status >= 500 || response.status === 429) throw new StepError("stumbled");
  const data = await response.json().catch(() => null);
  if (!response.ok) throw new StepError("refused", data?.detail ?? "");
  return data;
}

async function ask(address, fields, leaving) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  const signal = leaving ? undefined : AbortSignal.timeout(TIMEOUT_MS);
  const body = new URLSearchParams(fields);
  try {
    return await fetch(address, { method: "POST", headers, body, signal, redirect: "manual", keepalive: true });
  } catch (error) {
    throw new StepError("offline", error.message);
  }
}

/** Read anew each time: signing in elsewhere gives the browser another one. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
