// Shows labels: the glyph or else the name, marked with its language where that is not the language of the page.

import { language as pageLanguage, wordOf } from "./texts.js";

const LATIN = /^\P{L}*\p{Script=Latin}/u;
const english = pageLanguage === "en" ? "" : "en"; // the `lang` of Latin letters on this page

const SVG = "http://www.w3.org/2000/svg";

/** A label's shape where the site has one, else its glyph, or its name where it has none. */
export function sign({ glyph, name, language, shape }) {
  return shape ? drawn(shape, glyph || wordOf(name)) : inLanguage(glyph || wordOf(name), language);
}

function drawn(shape, words) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "shape");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", words);
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", shape);
  svg.append(use);
  return svg;
}

/** A label's name, for a sentence. */
export function named({ glyph, name, language }) {
  const word = wordOf(name);
  return inLanguage(word, LATIN.test(word) ? english : glyph && language === "en" ? "" : language, "name");
}

/** What a screen reader says of a button that shows the glyph: the glyph too, so that people can name it. */
export function spoken({ glyph, name }) {
  return [glyph, wordOf(name)].filter(Boolean).join(" ");
}

/** Whether a reader may not know the glyph, so that the name is shown beside it. */
export function isForeign({ glyph, language }) {
  return Boolean(glyph && language);
}

function inLanguage(words, language, className = "") {
  const span = document.createElement("span");
  if (language) span.lang = language;
  if (className) span.className = className;
  span.textContent = words;
  return span;
}
