// Words and numbers in the language of the page. The texts come from the server, translated.

const language = document.documentElement.lang || "en";
const whole = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const choice = new Intl.ListFormat(language, { type: "disjunction" });

let texts = null;

/** The text of this name, with {holes} filled. */
export function text(name, values = {}) {
  texts ??= JSON.parse(document.getElementById("texts").textContent);
  return texts[name].replace(/\{(\w+)\}/g, (_, hole) => values[hole]);
}

/** The same as a list of texts and nodes, where holes are filled with nodes. */
export function pieces(name, values) {
  texts ??= JSON.parse(document.getElementById("texts").textContent);
  return texts[name].split(/\{(\w+)\}/).map((part, at) => (at % 2 ? values[part] : part));
}

/** A share as a percentage; never rounded up to a certainty that nobody has. */
export function percent(share) {
  return share >= 0.995 ? fine.format(Math.min(Math.floor(share * 1000) / 1000, 0.999)) : whole.format(share);
}

/** One of these names: "1, 4 or 7". */
export function either(names) {
  return choice.format(names);
}

export function integer(number) {
  return new Intl.NumberFormat(language).format(number);
}
