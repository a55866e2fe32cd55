// Reads and writes the browser's storage, which may be blocked, full, or hold old values. Where site data is blocked,
// even the name `localStorage` throws, so a storage is passed as a function.

export const onDevice = () => localStorage;
export const inTab = () => sessionStorage;

const PROBE = "inkling.probe";

/** The value of this key in `onDevice` or `inTab`; null if there is none or it cannot be read. */
export function recall(storage, key) {
  try {
    return JSON.parse(storage().getItem(key));
  } catch {
    return null;
  }
}

/** Returns whether it is stored. */
export function remember(storage, key, value) {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Whether the browser stores nothing for this site. */
export function isBlocked(storage) {
  return !remember(storage, PROBE, true) || !remember(storage, PROBE, null);
}
