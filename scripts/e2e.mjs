// npm run e2e: the promises and the examples, on real servers. Further arguments go to vitest (a file name, -t PATTERN).
import { prepare } from "./prepare.mjs";
import { obtainServers } from "./servers.mjs";
import { line, runProject } from "./test-counts.mjs";

await prepare();
for (const reason of (await obtainServers()).missing) console.log(reason);
const counts = await runProject("e2e", process.argv.slice(2));
console.log(line(counts));
process.exit(counts.failed === 0 ? 0 : 1);
