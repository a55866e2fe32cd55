// Which shortcut key was pressed, on keyboards of every script and with Caps Lock.

const LATIN = /^[\u0000-\u024f\u1e00-\u1eff\u2000-\u2bff]+$/; // Latin letters, punctuation, symbols, and names such as "Enter"
const UNKNOWN = ["Unidentified", "Process"]; // several letters on one key, or an input method
const DIGIT = /^\p{Nd}$/u;
const SIGNS = { Slash: "/", BracketLeft: "[", BracketRight: "]" }; // by the place of the key on a US keyboard
const SHIFTED_SIGNS = { Slash: "?" };

/** "0" to "9", a lower-case letter, a sign, or the name of the key in lower case. */
export function keyOf(event) {
  const { key, code, shiftKey } = event;
  if (DIGIT.test(key)) return String(valueOf(key));
  const place = event.getModifierState("AltGraph") ? "" : code;
  if (/^Digit\d$/.test(place) && !shiftKey) return place.at(-1); // some layouts have other characters there
  // The small form of the Turkish \u0130 is an i and a dot.
  if (LATIN.test(key) && !UNKNOWN.includes(key)) return key.toLowerCase().replace("\u0307", "");
  if (/^Key[A-Z]$/.test(place)) return place.at(-1).toLowerCase();
  return (shiftKey ? SHIFTED_SIGNS : SIGNS)[place] ?? key;
}

/** The value of a digit. The ten digits of a script follow one another in Unicode; some scripts' digits follow those of another, hence the remainder. */
function valueOf(digit) {
  const point = digit.codePointAt(0);
  let zero = point;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return (point - zero) % 10;
}
