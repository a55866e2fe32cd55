// The codes of a label as a person copies them: in the format that they chose last.

export const FORMATS = ["latex", "typst", "unicode", "html"];

const TEXTS = {
  latex: ({ code }) => code,
  typst: (code) => code,
  unicode: ({ character }) => character,
  html: (code) => code,
};

/** `{ format, text, needs, mode }`: the code in this format, or in the first one that the label has; null without codes. */
export function codeOf({ codes }, format) {
  const found = [format, ...FORMATS].find((each) => codes[each]?.length);
  if (!found) return null;
  const [first] = codes[found];
  return { format: found, text: TEXTS[found](first), needs: first.package ?? "", mode: first.mode ?? "" };
}

/** All other codes of the same format. */
export function furtherCodes({ codes }, format) {
  return (codes[format] ?? []).slice(1).map(TEXTS[format]);
}
