import { defineConfig } from "vitest/config";

const resolve = { conditions: ["rouse-source", "node", "import", "module", "default"] };
const ssr = { resolve };
const integration = "packages/*/src/**/*.integration.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          // One module graph per worker: loading the sources anew for each file costs more than all unit tests together.
          isolate: false,
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [integration, "**/node_modules/**"],
        },
      },
      {
        resolve,
        ssr,
        test: { name: "integration", include: [integration], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: ["**/dist/**", "**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
