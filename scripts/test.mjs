// npm test: everything. Installs, builds and gets the servers it needs where that can be done without root.
import { check } from "./check.mjs";
import { hint, obtainBoth } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { failuresText, line, plus, runProject } from "./test-counts.mjs";

await prepare();
const servers = obtainBoth();
for (const server of servers) console.log(`using nats-server ${server.version}`);
if (servers.length === 0) {
  console.log(`no nats-server here, so the tests that need one are skipped; ${hint}`);
  if (process.env.CI === "true") {
    console.log("with CI=true a missing server is a failure");
    console.log("0 passed, 1 failed, 0 skipped");
    process.exit(1);
  }
}
let counts = await check();
counts = plus(counts, await runProject("integration"));
counts = plus(counts, await runProject("e2e"));
process.stdout.write(failuresText(counts));
console.log(line(counts));
process.exit(counts.failed === 0 ? 0 : 1);
