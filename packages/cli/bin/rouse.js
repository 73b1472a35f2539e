#!/usr/bin/env node
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
