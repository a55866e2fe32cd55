// Search in many labels by name, command, character or code point: "arrow", "\rightarrow", "→", "U+2192".

const plain = (words) => words.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase().trim();
const bare = (command) => plain(command).replace(/^[\\&]/, "").replace(/;$/, ""); // as people type it who are in a hurry

const prepared = new WeakMap(); // label -> what is compared

/** The labels that match, the best first, at most `most`. Without a query there are none. */
export function searchLabels(labels, query, most) {
  const exact = query.trim();
  const wanted = plain(query);
  if (!wanted && !exact) return [];
  const words = wanted.split(/\s+/);
  const found = labels.map((label) => ({ label, fit: fitOf(partsOf(label), exact, wanted, words) }));
  found.sort((one, other) => other.fit - one.fit || one.label.name.length - other.label.name.length); // the plain symbol before its variants
  return found.filter(({ fit }) => fit).slice(0, most).map(({ label }) => label);
}

/**
 * How well a label matches: 6 exactly as it is written, 5 a whole name or command, 4 the start of a command, 3 of a name,
 * 2 the start of each word, 1 inside, 0 not at all.
 */
function fitOf({ exact, codes, names, text, starts }, query, wanted, words) {
  if (exact.has(query)) return 6;
  if (!wanted) return 0;
  const command = bare(query);
  if (names.includes(wanted) || codes.includes(command)) return 5;
  if (command && codes.some((code) => code.startsWith(command))) return 4;
  if (names.some((name) => name.startsWith(wanted))) return 3;
  if (words.every((word) => starts.includes(` ${word}`))) return 2;
  return words.every((word) => text.includes(word)) ? 1 : 0;
}

function partsOf(label) {
  if (!prepared.has(label)) prepared.set(label, prepare(label));
  return prepared.get(label);
}

function prepare({ slug, glyph, name, own = "", names, codes }) {
  const commands = [...(codes.latex ?? []).map(({ code }) => code), ...(codes.typst ?? []), ...(codes.html ?? [])];
  const characters = codes.unicode ?? [];
  const points = characters.map(({ code_point: point }) => point);
  const all = [name, own, slug, ...names, ...characters.map((each) => each.name)].filter(Boolean).map(plain);
  const bareCodes = [...commands, ...points].map(bare);
  const text = [...all, ...bareCodes].join(" ");
  return {
    exact: new Set([glyph, ...commands, ...points, ...characters.map(({ character }) => character)].filter(Boolean)),
    codes: bareCodes,
    names: all,
    text,
    starts: ` ${text.replace(/[-_.]/g, " ")}`,
  };
}
