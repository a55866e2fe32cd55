// For `orval --config orval.config.mjs`.

export default {
  inkling: { input: "openapi.json", output: { target: "orval.ts", client: "fetch", baseUrl: "/api/v1" } },
};
