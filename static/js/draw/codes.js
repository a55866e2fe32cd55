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
  return found ? { format: found, ...partsOf(codes[found][0], found) } : null;
}

/** All other codes of the same format: `[{ text, needs, mode }]`. */
export function furtherCodes({ codes }, format) {
  return (codes[format] ?? []).slice(1).map((code) => partsOf(code, format));
}

/** The line that a LaTeX document needs for a package. Commands of `fontenc` are those of its encoding T1. */
export function usePackage(name) {
  return `\\usepackage${name === "fontenc" ? "[T1]" : ""}{${name}}`;
}

function partsOf(code, format) {
  return { text: TEXTS[format](code), needs: code.package ?? "", mode: code.mode ?? "" };
}
