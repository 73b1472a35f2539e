// npm run bench: what the promises about speed and size come to on this machine. `-- --help` says what it takes.
import { join } from "node:path";
import { prepare } from "./prepare.mjs";
import { obtainServers } from "./servers.mjs";
import { root, run } from "./steps.mjs";

const args = process.argv.slice(2);
await prepare();
if (!args.includes("--help")) for (const reason of (await obtainServers()).missing) console.log(reason);
process.exit(await run(process.execPath, [join(root, "bench", "dist", "main.js"), ...args]));
