// The service worker: what the site does without a connection. `/sw.js` names the addresses and the release.
//
// Pages come from the server whenever it answers, so none is older than the site. Without it the draw page and the page of
// rounds come from the device, in a form that is made for nobody, and every other page is replaced by one that says so. Of
// the API only the files of model versions are stored, which are the same for everybody and never change, and beside them the
// labels of their recognizers; of rounds what they ask for and the examples. They are the same for everybody, too.

const { release, sheet, sheets, rounds, roundsSheet, page, share, statics, models, labels } = self.INKLING;

const RELEASES = "inkling-release-";
const MODELS = "inkling-models";
const LABELS = "inkling-labels";
const ROUNDS = "inkling-rounds";
const SHARED = "inkling-shared";
const PATIENCE_MS = 5000; // after it, a draw page comes from the device although the server may still answer
const VERSION_FILE = /\/recognizers\/([\w-]+)\/versions\/(\d+)\/[\w.]+$/;
const ROUND_FILE = /\/([\w-]+)\/(labels|examples)$/;
const RENEW_MS = 600_000; // so long a stored draw page counts as new
const HASHED = /\.[0-9a-f]{12}\.\w+$/; // what is at such an address never changes

addEventListener("install", (event) => event.waitUntil(storeRelease().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(begin()));
addEventListener("message", (event) => event.data?.keep && event.waitUntil(keepInTurn(event.data.keep)));
addEventListener("fetch", (event) => {
  const answer = answerTo(event, new URL(event.request.url));
  if (answer) event.respondWith(answer);
});

/** A Promise of the response; nothing where the browser goes on as without a worker. */
function answerTo(event, { origin, pathname, search }) {
  const { method, mode } = event.request;
  if (origin !== location.origin) return null;
  if (method === "POST" && pathname === share) return isFromElsewhere(event.request) ? null : takePicture(event.request);
  if (method !== "GET") return null;
  if (mode === "navigate") return navigate(event, pathname);
  if (pathname.startsWith(statics)) return staticFile(event.request, pathname);
  if (pathname.startsWith(rounds) && ROUND_FILE.test(pathname)) return roundFile(event.request, pathname);
  if (pathname.startsWith(models) && VERSION_FILE.test(pathname) && !search) return fileForAll(MODELS, event.request);
  if (labels.some((prefix) => pathname.startsWith(prefix))) return fileForAll(LABELS, event.request);
  return null;
}

// --- Pages ---

async function navigate(event, pathname) {
  const here = pageHere(pathname);
  const asking = askServer(event);
  const response = await (here === page ? asking : Promise.race([asking, stored(here, PATIENCE_MS)]));
  return response ?? (await stored(here)) ?? (await asking) ?? Response.error();
}

/** The address of the page that the device has in place of this one. */
function pageHere(pathname) {
  if (sheets[0] === pathname || pathname.startsWith(sheets[1])) return sheet;
  return pathname.startsWith(rounds) ? roundsSheet : page;
}

/** The server's response; null if there is none, or only one of a proxy before it that cannot reach it. */
async function askServer(event) {
  try {
    const response = (await event.preloadResponse) ?? (await fetch(event.request));
    return response.status > 501 && !response.headers.has("X-Request-Id") ? null : response;
  } catch {
    return null;
  }
}

async function stored(address, delay = 0) {
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  const cache = await caches.open(RELEASES + release);
  return cache.match(address, { ignoreVary: true });
}

// --- The files of a release ---

async function storeRelease() {
  const cache = await caches.open(RELEASES + release);
  const pages = await Promise.all([sheet, roundsSheet, page].map(async (address) => [address, await ownPage(address)]));
  const texts = await Promise.all(pages.map(([, response]) => response.clone().text()));
  await storeFiles(cache, filesIn(texts.join("")));
  await Promise.all(pages.map(([address, response]) => cache.put(address, response)));
}

/** Throws if the server has another release by now: its own worker comes next. */
async function ownPage(address) {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error(`${address}: ${response.status}`);
  if (response.headers.get("Inkling-Release") !== release) throw new Error(`${address}: another release`);
  return response;
}

/** Addresses of static files that this page names. */
function filesIn(text) {
  const found = [...text.matchAll(/"([^"#\s]+)/g)].map((each) => each[1]);
  return [...new Set(found.filter((address) => address.startsWith(statics)))];
}

/** A released script or style sheet is one file; as it is written, it imports others. */
async function storeFiles(cache, addresses) {
  await Promise.all(addresses.map(async (address) => {
    if (await cache.match(address)) return;
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    const isSource = /\.(js|css)$/.test(address) && !HASHED.test(address);
    const text = isSource ? await response.clone().text() : "";
    await cache.put(address, response);
    const imports = [...text.matchAll(/^(?:@?import|export)\b[^"]*"(\.[^"]+)";/gm)].map((found) => new URL(found[1], response.url).pathname);
    await storeFiles(cache, imports);
  }));
}

/** An older page that is still open may need a file of its own release: the one before this one stays, too. */
async function begin() {
  await registration.navigationPreload?.enable();
  const names = (await caches.keys()).filter((name) => name.startsWith(RELEASES));
  const others = names.filter((name) => name !== RELEASES + release);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await clients.claim();
}

async function staticFile(request, pathname) {
  const find = () => caches.match(request, { ignoreVary: true });
  if (HASHED.test(pathname)) return (await find()) ?? fetch(request);
  return fetch(request).catch(async () => (await find()) ?? Response.error());
}

// --- Models ---

/** What never changes and is the same for everybody. */
async function fileForAll(name, request) {
  const cache = await caches.open(name);
  const found = request.cache === "reload" ? null : await cache.match(request.url);
  if (found) return found;
  const response = await fetch(request);
  const isForAll = /\bpublic\b.*\bimmutable\b/.test(response.headers.get("Cache-Control"));
  if (response.status === 200 && isForAll) await cache.put(request.url, response.clone()).catch(() => {}); // the device is full
  return response;
}

let keeping = Promise.resolve();

/** One after the other: two tabs must not delete each other's versions. */
function keepInTurn(asked) {
  keeping = keeping.catch(() => {}).then(() => keep(asked));
  return keeping;
}

/**
 * A page is open and online. `used`: slugs of the recognizers that are used on this device. Stores the draw page as it is
 * now with the live versions of these recognizers, then deletes other versions. If the connection breaks before, the
 * page that is stored keeps its versions.
 */
async function keep({ used, language }) {
  const cache = await caches.open(RELEASES + release);
  if (!(await cache.match(sheet))) await storeRelease(); // the browser has deleted what was stored
  const before = await cache.match(sheet);
  const isInLanguage = before?.headers.get("Content-Language") === language;
  const isNew = isInLanguage && Math.abs(Date.now() - Date.parse(before.headers.get("Date"))) < RENEW_MS;
  if (isNew && (await hasVersions(used))) return;
  const response = isNew ? before : await ownPage(sheet).catch(() => null);
  if (!response) return void registration.update();
  const { live, recognizers } = configIn(await response.clone().text());
  const versions = new Map(used.filter((slug) => live[slug]).map((slug) => [slug, live[slug].version]));
  const lists = recognizers.filter(({ slug }) => versions.has(slug)).map((each) => each.labels);
  const kept = await storeLabels(lists); // first: they are small, and a drawing can be labelled without the model
  await storeVersions(versions);
  if (!isNew) await cache.put(sheet, response);
  await deleteOtherVersions(versions);
  await deleteOtherLabels(kept);
  const others = [...(isNew ? [] : [roundsSheet]), ...(isInLanguage ? [] : [page])];
  for (const address of others) {
    const renewed = await ownPage(address).catch(() => null);
    if (renewed) await cache.put(address, renewed);
  }
  await storeRounds(used.filter((slug) => live[slug]), language).catch(() => {}); // the next page tries again
}

function configIn(text) {
  return JSON.parse(text.match(/<script id="config" type="application\/json">(.*?)<\/script>/s)[1]);
}

async function hasVersions(used) {
  const cache = await caches.open(MODELS);
  const stored = (await cache.keys()).map(({ url }) => url.match(VERSION_FILE)[1]);
  return used.every((slug) => stored.includes(slug));
}

/** `versions`: slug -> number. Throws if a file cannot be stored. */
async function storeVersions(versions) {
  const cache = await caches.open(MODELS);
  for (const [slug, number] of versions) {
    const files = ["model", "model.tflite", "vectors"].map((name) => `${models}${slug}/versions/${number}/${name}`);
    await Promise.all(files.map((address) => fileForAll(MODELS, new Request(address, { credentials: "omit" }))));
    const stored = await Promise.all(files.map((address) => cache.match(address)));
    if (!stored.every(Boolean)) throw new Error(`${slug} ${number}: not stored`);
  }
}

/** `addresses`: of the labels of recognizers. With their shapes. Throws if a file cannot be stored; returns the addresses of all. */
async function storeLabels(addresses) {
  const cache = await caches.open(LABELS);
  const kept = [];
  for (const address of addresses) {
    const response = await fileForAll(LABELS, new Request(address, { credentials: "omit" }));
    const { glyphs } = await response.clone().json();
    if (glyphs) await fileForAll(LABELS, new Request(glyphs, { credentials: "omit" }));
    const all = glyphs ? [address, glyphs] : [address];
    if (!(await Promise.all(all.map((each) => cache.match(each)))).every(Boolean)) throw new Error(`${address}: not stored`);
    kept.push(...all);
  }
  return kept;
}

async function deleteOtherLabels(kept) {
  const cache = await caches.open(LABELS);
  for (const { url } of await cache.keys()) {
    if (!kept.includes(new URL(url).pathname)) await cache.delete(url);
  }
}

async function deleteOtherVersions(versions) {
  const cache = await caches.open(MODELS);
  for (const { url } of await cache.keys()) {
    const [, slug, number] = url.match(VERSION_FILE);
    if (versions.get(slug) !== Number(number)) await cache.delete(url);
  }
}

// --- Rounds ---

/** The examples of an address never change. What a round asks for does: the server's is newer. */
async function roundFile(request, pathname) {
  const cache = await caches.open(ROUNDS);
  const found = await cache.match(request.url);
  if (found && pathname.endsWith("/examples")) return found;
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(request.url, response.clone()).catch(() => {}); // the device is full
    return response;
  } catch {
    return found ?? Response.error();
  }
}

/** What rounds of these recognizers need, in this language; that of others is deleted. */
async function storeRounds(used, language) {
  const cache = await caches.open(ROUNDS);
  const kept = new Set();
  for (const slug of used) {
    const labels = new URL(`${rounds}${slug}/labels?lang=${language}`, location.origin);
    const { labels: list, examples } = await (await roundFile(new Request(labels), labels.pathname)).json();
    kept.add(labels.href);
    await storeLabels([list]);
    if (!examples) continue;
    const address = new URL(examples, location.origin);
    await roundFile(new Request(address), address.pathname);
    kept.add(address.href);
  }
  for (const { url } of await cache.keys()) if (!kept.has(url)) await cache.delete(url);
}

// --- A picture that the system shares ---

/** The system names no page that sends the picture, or an app (`android-app:`). Pages of other sites are named, unless they hide it. */
function isFromElsewhere({ mode, destination, referrer }) {
  if (mode !== "navigate" || destination !== "document") return true; // as in a frame
  return /^https?:/.test(referrer) && new URL(referrer).origin !== location.origin;
}

async function takePicture(request) {
  const form = await request.formData();
  const picture = form.get("picture");
  const cache = await caches.open(SHARED);
  await cache.delete("/shared-picture"); // of one that no page has taken
  if (picture instanceof File) await cache.put("/shared-picture", new Response(picture));
  return Response.redirect(`${sheets[0]}?shared`, 303);
}
