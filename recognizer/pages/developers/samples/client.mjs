import { Client } from "https://inkling.example/static/js/api.js";

const client = new Client({ url: "https://inkling.example", key: "ink_…" });
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];
const answer = await client.predict({ recognizer: "digits", ink: seven, keep: true });
const [first] = answer.guesses;
console.log(first.name, answer.unsure ? "not sure" : first.probability);

const said = await client.feedback(answer.prediction, { label: "7" });
console.log(said.correction.agrees);
