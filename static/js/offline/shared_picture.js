// The picture that the system has shared with Inkling: the service worker has stored it for the next draw page.

const CACHE = "inkling-shared";
const taking = new URLSearchParams(location.search).has("shared"); // this page is opened for it

/** The picture, once; null if there is none. */
export async function takeSharedPicture() {
  if (!taking || !globalThis.caches) return null;
  history.replaceState(history.state, "", location.pathname);
  const response = await caches.match("/shared-picture", { cacheName: CACHE });
  await caches.delete(CACHE);
  return response ? response.blob() : null;
}

/** Delete a picture that no page has taken: the device belongs to somebody else now. */
export async function forgetSharedPicture() {
  if (!taking) await globalThis.caches?.delete(CACHE);
}
