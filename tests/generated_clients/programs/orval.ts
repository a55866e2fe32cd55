// Uses the client that orval generates: node orval.js SITE KEY PICTURE

import { readFileSync } from "node:fs";
import * as inkling from "./generated/orval.js";

const [site, key, file] = process.argv.slice(2) as [string, string, string];
const picture = new Blob([readFileSync(file)]);
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];
const options = { headers: { Authorization: `Bearer ${key}` } };
const done: Record<string, unknown> = {};

// The generated functions call fetch with an address without a host.
const plainFetch = globalThis.fetch;
globalThis.fetch = (address, init) => plainFetch(`${site}${String(address)}`, init);

function got<Status, Wanted extends Status, Answer extends { status: Status }>(
  answer: Answer,
  ...statuses: Wanted[]
): Extract<Answer, { status: Wanted }> {
  if (!statuses.some((status) => status === answer.status)) throw new Error(JSON.stringify(answer));
  return answer as Extract<Answer, { status: Wanted }>;
}

const body = { recognizer: "digits", ink: seven };
const answer = got(await inkling.predict({ ...body, top_k: 3 }, options), 200 as const).data;
done.predict = [answer.guesses[0]?.label, answer.guesses.length];

const extras = { recognizer: "digits", top_k: 2, include: ["raster" as const, "embedding" as const] };
const seen = got(await inkling.predictPicture(picture, extras, options), 200 as const).data;
done.picture = [seen.guesses[0]?.label, seen.guesses.length, seen.raster?.slice(0, 14), (seen.embedding?.length ?? 0) > 9];

const items = [{ ink: seven }, {}];
const batch = got(await inkling.predictBatch({ recognizer: "digits", items }, options), 200 as const).data;
done.batch = [batch.results[0]?.guesses?.[0]?.label, batch.results[1]?.error?.code];

const saved = got(await inkling.predict({ ...body, keep: true, id: crypto.randomUUID() }, options), 200 as const).data;
const feedback = await inkling.giveFeedback(saved.prediction ?? "", { correct: true }, options);
done.feedback = got(feedback, 200 as const).data.correction.label;

const drawing = got(await inkling.saveDrawing(body, options), 201 as const).data;
done.drawing = drawing.prediction?.guesses[0]?.label;

const drawn = got(await inkling.savePicture(picture, { recognizer: "digits" }, options), 201 as const).data;
const stored: Blob = got(await inkling.readDrawingPicture(drawn.id, options), 200 as const).data;
done.stored = [drawn.ink === null, await stored.slice(1, 4).text()];

got(await inkling.saveCorrection(drawn.id, { label: "1" }, options), 200 as const);
const corrections = got(await inkling.listCorrections({ page_size: 2 }, options), 200 as const).data;
done.corrections = corrections.results.map((each) => each.label);

const versions = got(await inkling.listVersions("digits", undefined, options), 200 as const).data.results;
const model: Blob = got(await inkling.downloadModel("digits", options), 200 as const).data;
done.versions = [versions.map((each) => each.number), model.size === versions[0]?.bytes];

const deletions = await Promise.all([drawing, drawn].map((each) => inkling.deleteDrawing(each.id, options)));
done.deleted = deletions.map((each) => each.status);

const refused = got(await inkling.predict({ recognizer: "nothing", ink: seven }, options), 404 as const).data;
const unknown: inkling.ApiError = { code: "new_code", detail: "", field: null, request_id: "" };
done.errors = [refused.code, unknown.code];

process.stdout.write(JSON.stringify(done));
