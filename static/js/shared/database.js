// The IndexedDB of this site. Where it cannot be opened, each call fails: whoever calls says what happens then.

const NAME = "inkling";
const VERSION = 1;
const PATIENCE_MS = 3000; // some browsers neither open a database nor say why

export const OUTBOX = "outbox"; // changes that wait for the server, by [user, id]
export const MEMORY = "memory"; // copies of personal memories, by [user, recognizer]

let opening = null;

/**
 * Runs `work` with this object store, in one transaction. `work` makes its requests at once and returns one of them, or
 * nothing. Resolves to its result when all is written.
 */
export async function inStore(name, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode);
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
    const request = work(transaction.objectStore(name));
  });
}

/** All records of this store whose key begins with `user`. */
export function allOf(name, user) {
  return inStore(name, "readonly", (store) => store.getAll(keysOf(user)));
}

/** The keys that begin with `user`: an array sorts after every text. */
export function keysOf(user) {
  return IDBKeyRange.bound([user], [user, []]);
}

/** Whether this browser opens it. */
export function canStore() {
  return open().then(() => true, () => false);
}

function open() {
  opening ??= new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the database did not open")), PATIENCE_MS);
    const request = indexedDB.open(NAME, VERSION); // where site data is blocked, this throws
    request.onupgradeneeded = () => create(request.result);
    request.onerror = () => {
      reject(request.error);
      opening = null; // the next call tries again
    };
    request.onsuccess = () => {
      const database = prepared(request.result);
      resolve(database);
      opening = Promise.resolve(database); // perhaps later than somebody waited for
    };
  });
  return opening;
}

function create(database) {
  database.createObjectStore(OUTBOX, { keyPath: ["user", "id"] });
  database.createObjectStore(MEMORY, { keyPath: ["user", "recognizer"] });
}

/** Another tab may bring a newer version of it, or the browser may close it: the next call opens it anew. */
function prepared(database) {
  database.onclose = () => (opening = null);
  database.onversionchange = () => {
    database.close();
    opening = null;
  };
  return database;
}
