// A page that recognizes drawings with the model beside it. It needs any web server for static files, and no network
// after it is loaded.

import { loadModel } from "./js/model/load.js";

const FILES = { model: "model.json", "model.tflite": "model.tflite", vectors: "vectors.json" };
const SHOWN = 4;
const PEN = 1 / 22; // of the side; what the model sees does not depend on it

const find = (id) => document.getElementById(id);
const canvas = find("sheet");
let strokes = [];
let stroke = null; // the one that the pen draws
let pointer = null; // of that pen: others are ignored meanwhile
let model = null;
let isAsked = false;

/** `loadModel` asks for paths of the API; the same files are beside this page. */
async function read(path, as) {
  const response = await fetch(FILES[path.split("/").at(-1)]);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return as === "json" ? response.json() : response.arrayBuffer();
}

function paint() {
  const side = canvas.clientWidth * devicePixelRatio;
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
  context.lineWidth = side * PEN;
  context.lineCap = context.lineJoin = "round";
  for (const [xs, ys] of strokes) {
    context.beginPath();
    xs.forEach((x, i) => context.lineTo(x * side, ys[i] * side));
    context.lineTo(xs.at(-1) * side, ys.at(-1) * side); // a dot, too
    context.stroke();
  }
  find("undo").disabled = find("clear").disabled = !strokes.length;
}

/** Once a frame, however many points came meanwhile. */
function update() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    paint();
    if (model) answer();
  });
}

function answer() {
  if (!strokes.length) return say("Draw here.", []);
  const { guesses, unsure } = model.answer(strokes);
  say(unsure ? "Not sure" : `Looks like ${guesses[0].name}`, guesses.slice(0, SHOWN), unsure);
}

function say(words, guesses, unsure = false) {
  find("verdict").textContent = words;
  find("verdict").className = unsure ? "unsure" : "";
  find("guesses").replaceChildren(...guesses.map(row));
}

function row({ glyph, name, probability }) {
  const [label, bar, share] = ["span", "meter", "span"].map((tag) => document.createElement(tag));
  label.textContent = glyph || name;
  bar.value = probability;
  bar.ariaLabel = name;
  share.textContent = `${Math.floor(probability * 100)}%`;
  const item = document.createElement("li");
  item.append(label, bar, share);
  return item;
}

function addPoints(event) {
  const box = canvas.getBoundingClientRect();
  const events = event.getCoalescedEvents?.() ?? [];
  for (const { clientX, clientY } of events.length ? events : [event]) {
    stroke[0].push((clientX - box.left) / box.width);
    stroke[1].push((clientY - box.top) / box.height);
  }
  update();
}

canvas.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button) return;
  pointer = event.pointerId;
  canvas.setPointerCapture(pointer);
  stroke = [[], []];
  strokes.push(stroke);
  addPoints(event);
});
canvas.addEventListener("pointermove", (event) => event.pointerId === pointer && addPoints(event));
for (const type of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(type, (event) => {
    if (event.pointerId === pointer) pointer = null;
  });
}
find("undo").addEventListener("click", () => {
  strokes.pop();
  update();
});
find("clear").addEventListener("click", () => {
  strokes = [];
  update();
});
addEventListener("resize", update);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);

update();
try {
  model = await loadModel(read, "");
  const { title, recognizer } = model.about;
  document.title = find("title").textContent = title || recognizer;
  document.documentElement.dataset.ready = "";
  update();
} catch (error) {
  say(`The model cannot be used: ${error.message}`, []);
}
