#!/usr/bin/env -S node --max-semi-space-size=4
// The small young generation is what keeps an idle server below 100 MiB; it costs no processor time that can be measured.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  await run();
} else {
  console.error("error: this copy of rouse has not been built");
  console.error("hint:  run npm run build in the repository's folder");
  process.exitCode = 1;
}
