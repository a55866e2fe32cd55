// Generates types in which files are Blobs: node openapi_typescript.mjs openapi.json schema.ts

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [from, to] = process.argv.slice(2);
const BLOB = ts.factory.createTypeReferenceNode(ts.factory.createIdentifier("Blob"));
const transform = (schema) => (schema.format === "binary" ? BLOB : undefined);
writeFileSync(to, astToString(await openapiTS(readFileSync(from), { transform })));
