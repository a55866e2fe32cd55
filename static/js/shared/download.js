// Saves a file that the page made.

const KEPT_MS = 60_000; // some browsers ask first where to put it

export function download(blob, name) {
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT_MS);
}
