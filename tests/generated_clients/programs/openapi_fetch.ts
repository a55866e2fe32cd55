// Uses the types that openapi-typescript generates, with openapi-fetch: node openapi_fetch.js SITE KEY PICTURE

import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

const [site, key, file] = process.argv.slice(2) as [string, string, string];
const picture = new Blob([readFileSync(file)]);
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];
const client = createClient<paths>({ baseUrl: `${site}/api/v1`, headers: { Authorization: `Bearer ${key}` } });
const asPicture = { bodySerializer: (body: Blob) => body, headers: { "Content-Type": "application/octet-stream" } };
const done: Record<string, unknown> = {};

function got<Data>(answer: { data?: Data; error?: unknown }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const answer = got(await client.POST("/predict", { body: { recognizer: "digits", ink: seven, top_k: 3 } }));
done.predict = [answer.guesses[0]?.label, answer.guesses.length];

const query = { recognizer: "digits", top_k: 2, include: ["raster" as const, "embedding" as const] };
const seen = got(await client.POST("/predict/picture", { params: { query }, body: picture, ...asPicture }));
done.picture = [seen.guesses[0]?.label, seen.guesses.length, seen.raster?.slice(0, 14), (seen.embedding?.length ?? 0) > 9];

const batch = got(await client.POST("/predict/batch", { body: { recognizer: "digits", items: [{ ink: seven }, {}] } }));
done.batch = [batch.results[0]?.guesses?.[0]?.label, batch.results[1]?.error?.code];

const keep = { recognizer: "digits", ink: seven, keep: true, id: crypto.randomUUID() };
const saved = got(await client.POST("/predict", { body: keep }));
const said = { params: { path: { uuid: saved.prediction ?? "" } }, body: { correct: true } };
done.feedback = got(await client.POST("/predictions/{uuid}/feedback", said)).correction.label;

const drawing = got(await client.POST("/drawings", { body: { recognizer: "digits", ink: seven } }));
done.drawing = drawing.prediction?.guesses[0]?.label;

const asked = { params: { query: { recognizer: "digits" } }, body: picture, ...asPicture };
const drawn = got(await client.POST("/pictures", asked));
const path = { uuid: drawn.id };
const stored: Blob = got(await client.GET("/drawings/{uuid}/image", { params: { path }, parseAs: "blob" }));
done.stored = [drawn.ink === null, (await stored.slice(1, 4).text())];

got(await client.PUT("/drawings/{uuid}/correction", { params: { path }, body: { label: "1" } }));
const corrections = got(await client.GET("/corrections", { params: { query: { page_size: 2 } } }));
done.corrections = corrections.results.map((each) => each.label);

const digits = { params: { path: { slug: "digits" } } };
const versions = got(await client.GET("/recognizers/{slug}/versions", digits)).results;
const model: Blob = got(await client.GET("/recognizers/{slug}/model.tflite", { ...digits, parseAs: "blob" }));
done.versions = [versions.map((each) => each.number), model.size === versions[0]?.bytes];

const deletions = [drawing, drawn].map((each) => client.DELETE("/drawings/{uuid}", { params: { path: { uuid: each.id } } }));
done.deleted = (await Promise.all(deletions)).map((each) => each.response.status);

const refused = await client.POST("/predict", { body: { recognizer: "nothing", ink: seven } });
const unknown: components["schemas"]["ApiError"] = { code: "new_code", detail: "", field: null, request_id: "" };
done.errors = [refused.error?.code, unknown.code];

process.stdout.write(JSON.stringify(done));
