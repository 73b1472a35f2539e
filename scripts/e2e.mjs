// npm run e2e: the promises and the examples, on real servers. Further arguments go to vitest (a file name, -t PATTERN).
import { hint, obtainBoth } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { line, runProject } from "./test-counts.mjs";

await prepare();
if (obtainBoth().length === 0) console.log(`no nats-server, so its tests are skipped; ${hint}`);
const counts = await runProject("e2e", process.argv.slice(2));
console.log(line(counts));
process.exit(counts.failed === 0 ? 0 : 1);
