// Needs Node.js 18 or newer. Save it as sample.mjs, then: node sample.mjs
// A page in a browser imports the address itself. Or copy the file; then nothing is loaded from the site.
const source = await fetch("https://inkling.example/static/js/api.js").then((response) => response.text());
const { Client } = await import("data:text/javascript," + encodeURIComponent(source));

const client = new Client({ url: "https://inkling.example", key: "ink_…" });
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];
const answer = await client.predict({ recognizer: "digits", ink: seven, keep: true });
const [first] = answer.guesses;
console.log(first.name, answer.unsure ? "not sure" : first.probability);

const said = await client.feedback(answer.prediction, { label: "7" });
console.log(said.correction.agrees);
