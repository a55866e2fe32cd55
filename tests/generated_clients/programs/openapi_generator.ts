// Uses the client that openapi-generator generates for TypeScript: node openapi_generator.js SITE KEY PICTURE

import { readFileSync } from "node:fs";
import * as inkling from "./generated/index.js";

const [site, key, file] = process.argv.slice(2) as [string, string, string];
const body = new Blob([readFileSync(file)]);
const seven = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]];
const configuration = new inkling.Configuration({ basePath: `${site}/api/v1`, accessToken: key });
const predictions = new inkling.PredictionsApi(configuration);
const drawings = new inkling.DrawingsApi(configuration);
const corrections = new inkling.CorrectionsApi(configuration);
const models = new inkling.ModelsApi(configuration);
const done: Record<string, unknown> = {};

const answer = await predictions.predict({ answerInput: { recognizer: "digits", ink: seven, topK: 3 } });
done.predict = [answer.guesses[0]?.label, answer.guesses.length];

const include = [inkling.PredictPictureIncludeEnum.Raster, inkling.PredictPictureIncludeEnum.Embedding];
const seen = await predictions.predictPicture({ body, recognizer: "digits", topK: 2, include });
done.picture = [seen.guesses[0]?.label, seen.guesses.length, seen.raster?.slice(0, 14), (seen.embedding?.length ?? 0) > 9];

const batch = await predictions.predictBatch({ batchInput: { recognizer: "digits", items: [{ ink: seven }, {}] } });
done.batch = [batch.results[0]?.guesses?.[0]?.label, batch.results[1]?.error?.code];

const keep = { recognizer: "digits", ink: seven, keep: true, id: crypto.randomUUID() };
const uuid = (await predictions.predict({ answerInput: keep })).prediction ?? "";
done.feedback = (await predictions.giveFeedback({ uuid, feedbackInput: { correct: true } })).correction.label;

const drawing = await drawings.saveDrawing({ drawingInput: { recognizer: "digits", ink: seven } });
done.drawing = drawing.prediction?.guesses[0]?.label;

const drawn = await drawings.savePicture({ body, recognizer: "digits" });
const stored: Blob = await drawings.readDrawingPicture({ uuid: drawn.id });
done.stored = [drawn.ink === null, await stored.slice(1, 4).text()];

await corrections.saveCorrection({ uuid: drawn.id, correctionInput: { label: "1" } });
done.corrections = (await corrections.listCorrections({ pageSize: 2 })).results.map((each) => each.label);

const versions = (await models.listVersions({ slug: "digits" })).results;
const model: Blob = await models.downloadModel({ slug: "digits" });
done.versions = [versions.map((each) => each.number), model.size === versions[0]?.bytes];

const deletions = [drawing, drawn].map((each) => drawings.deleteDrawingRaw({ uuid: each.id }));
done.deleted = (await Promise.all(deletions)).map((each) => each.raw.status);

const refused: inkling.ApiError = await predictions
  .predict({ answerInput: { recognizer: "nothing", ink: seven } })
  .then(() => Promise.reject(new Error("It was not refused.")))
  .catch(async (error: unknown) => {
    if (error instanceof inkling.ResponseError) return inkling.ApiErrorFromJSON(await error.response.json());
    throw error;
  });
const unknown = inkling.ApiErrorFromJSON({ code: "new_code", detail: "", field: null, request_id: "" });
done.errors = [refused.code, unknown.code];

process.stdout.write(JSON.stringify(done));
