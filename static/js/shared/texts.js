// Texts (translated by the server) and numbers in the language of the page.

export const language = document.documentElement.lang || "en";
const whole = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const choice = new Intl.ListFormat(language, { type: "disjunction" });

let texts = null;
const words = new Map(); // names of labels as the API has them -> in the language of the page

/** The text of this name, with {placeholders} filled; numbers are written as in the language of the page. */
export function text(key, values = {}) {
  texts ??= JSON.parse(document.getElementById("texts").textContent);
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? integer(values[name]) : values[name]));
}

/** The same as a list of texts and nodes, with nodes for the placeholders. */
export function pieces(name, values) {
  texts ??= JSON.parse(document.getElementById("texts").textContent);
  return texts[name].split(/\{(\w+)\}/).map((part, index) => (index % 2 ? values[part] : part));
}

/** What an error of the API means, in the language of the page; its `detail` is in English. */
export function reasonOf(error) {
  texts ??= JSON.parse(document.getElementById("texts").textContent);
  return texts.errors?.[error.code] ?? error.detail;
}

/** The name of a label in the language of the page; the API and the model have their own names. */
export function wordOf(name) {
  return words.get(name) ?? name;
}

/** Labels in the language of the page; `own` is the name of the API where it is another one. */
export function addWords(labels) {
  for (const { name, own } of labels) if (own) words.set(own, name);
}

/** A share as a percentage; never rounded up to 100 %. */
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
