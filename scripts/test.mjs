// npm test: everything. Installs, builds and gets the servers it needs where that can be done without root.
import { check } from "./check.mjs";
import { prepare } from "./prepare.mjs";
import { obtainServers } from "./servers.mjs";
import { failuresText, line, plus, runProject } from "./test-counts.mjs";

await prepare();
const { present, missing } = await obtainServers();
for (const server of present) console.log(`using ${server}`);
for (const reason of missing) console.log(reason);
if (missing.length > 0 && process.env.CI === "true") {
  console.log("with CI=true a missing server is a failure");
  console.log(`0 passed, ${missing.length} failed, 0 skipped`);
  process.exit(1);
}
let counts = await check();
counts = plus(counts, await runProject("integration"));
counts = plus(counts, await runProject("e2e"));
process.stdout.write(failuresText(counts));
console.log(line(counts));
process.exit(counts.failed === 0 ? 0 : 1);
