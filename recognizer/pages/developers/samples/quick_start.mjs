// Needs Node.js 18 or newer. Save it as sample.mjs, then: node sample.mjs
const api = async (method, path, content) => {
  const response = await fetch("https://inkling.example/api/v1/" + path, {
    method,
    headers: { Authorization: "Bearer ink_…", "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
  const data = await response.json();
  if (!response.ok) throw new Error(`${data.code}: ${data.detail}`);
  return data;
};
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];

const answer = await api("POST", "predict", { recognizer: "digits", ink: seven, keep: true });
const [first] = answer.guesses;
console.log(first.name, answer.unsure ? "not sure" : first.probability);

// Send the correct label. A reviewer checks it, and the model learns from it.
const said = await api("POST", `predictions/${answer.prediction}/feedback`, { label: "7" });
console.log(said.correction.agrees);
