// Work that one tab of this site does at a time.

import { abortAfter } from "../api.js";

const PATIENCE_MS = 30_000; // a phone can put the tab that holds the lock to sleep

/**
 * Runs `work` while no other tab runs work of this name, and resolves to its result. Without Web Locks, or when another
 * tab does not let go, it runs all the same: such work must be harmless if it is done twice.
 */
export async function alone(name, work) {
  let begun = false;
  const begin = () => {
    begun = true;
    return work();
  };
  if (!navigator.locks) return begin();
  try {
    return await navigator.locks.request(name, { signal: abortAfter(PATIENCE_MS) }, begin);
  } catch (error) {
    if (begun) throw error;
    return begin();
  }
}
