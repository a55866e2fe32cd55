// The picture that the system has shared with Inkling: the service worker has stored it for the next draw page.

/** The picture, once; null if there is none. */
export async function takeSharedPicture() {
  if (!new URLSearchParams(location.search).has("shared") || !globalThis.caches) return null;
  history.replaceState(history.state, "", location.pathname);
  const cache = await caches.open("inkling-shared");
  const response = await cache.match("/shared-picture");
  await cache.delete("/shared-picture");
  return response ? response.blob() : null;
}
