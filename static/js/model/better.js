// Finds another recognizer that is far surer of a drawing than the one that was asked, by the server's rule
// (recognizer/drawings/other_recognizers.py).

const FAR_SURER = 0.3; // how much more probable its first guess must be

const needed = ({ guesses: [first] }) => first.probability + FAR_SURER;

/** Whether any answer could be far surer than this one. */
export const couldBeBetter = (answer) => needed(answer) <= 1;

/** The surest of the other models' answers, `{ recognizer, guess }`, if it is far surer than the one that was given. */
export function findBetter(others, given) {
  const sure = others.filter(({ unsure }) => !unsure);
  const [best] = sure.sort((a, b) => b.guesses[0].probability - a.guesses[0].probability);
  if (!best || best.guesses[0].probability < needed(given)) return null;
  return { recognizer: best.recognizer, guess: best.guesses[0] };
}
