// npm run bench: what the promises about speed and size come to on this machine. `-- --help` says what it takes.
import { join } from "node:path";
import { prepare } from "./prepare.mjs";
import { root, run } from "./steps.mjs";

await prepare();
process.exit(await run(process.execPath, [join(root, "bench", "dist", "main.js"), ...process.argv.slice(2)]));
