// npm run demo: cron ticks and HTTP events feed a broker; three triggers lead to two functions that sleep until they are
// needed. `-- --events N` ends after N deliveries with a summary.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { hint, obtainAny } from "./nats-server.mjs";
import { prepare } from "./prepare.mjs";
import { root } from "./steps.mjs";

const orders = [
  { type: "com.example.order.placed", subject: "/orders/17", data: { item: "lamp" } },
  { type: "com.example.order.placed", subject: "/orders/test/18", data: { item: "none, this is a test" } },
  { type: "com.example.order.placed", subject: "/invoices/19", data: { item: "chair" } },
];
const pauseMs = 2_500;

function deliveriesWanted(args) {
  const at = args.indexOf("--events");
  if (at === -1) return undefined;
  const wanted = Number(args[at + 1]);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  console.error(
    `--events needs a whole number of deliveries, got ${args[at + 1] ?? "nothing"}; example: npm run demo -- --events 10`,
  );
  process.exit(2);
}

/** The port if it is free, else any that is. */
function freePort(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once("error", () => done(freePort(0)));
    probe.listen(port, "127.0.0.1", () => {
      const { port: bound } = probe.address();
      probe.close(() => done(bound));
    });
  });
}

/** True once the server says in its data folder that the manifests are taken up; false when it ended before. */
async function ready(file, child) {
  while (child.exitCode === null) {
    const said = await readFile(file, "utf8").then(JSON.parse, () => undefined);
    if (said?.pid === child.pid) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}

async function sendOrders(url, child) {
  for (let n = 1; child.exitCode === null; n++) {
    const { type, subject, data } = orders[(n - 1) % orders.length];
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": `order-${process.pid}-${n}`,
      "ce-source": "/demo/shop",
      "ce-type": type,
      "ce-subject": subject,
      "content-type": "application/json",
    };
    await fetch(`${url}/default/default`, { method: "POST", headers, body: JSON.stringify(data) }).catch(
      () => undefined,
    );
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}

const wanted = deliveriesWanted(process.argv.slice(2));
await prepare();
if (!obtainAny()) console.log(`no nats-server, so the demo keeps its events in memory; ${hint}`);
const [dataPort, adminPort] = [await freePort(8080), await freePort(8081)];
const rouse = join(root, "packages", "cli", "bin", "rouse.js");
const folder = join(root, "examples", "demo");
const args = ["dev", "-f", ".", "--fresh"];
args.push("--data-plane", `127.0.0.1:${dataPort}`, "--admin", `127.0.0.1:${adminPort}`);
if (wanted) args.push("--until-deliveries", String(wanted));
const child = spawn(process.execPath, ["--max-semi-space-size=4", rouse, ...args], { cwd: folder, stdio: "inherit" });
// The terminal sends Ctrl-C to both; a signal from elsewhere is passed on. Either way the server decides when it is done.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.once("exit", (code) => process.exit(code ?? 1));
if (await ready(join(folder, ".rouse", "admin.json"), child)) await sendOrders(`http://127.0.0.1:${dataPort}`, child);
