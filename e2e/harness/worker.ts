import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Json, Manifest } from "./api.ts";
import type { ServerProcess } from "./server-process.ts";

/**
 * A function. What it is given: SINK, where it posts every event that it gets before it answers 202 itself; WORK, how many
 * milliseconds it takes for one; LISTEN_AFTER, how long it takes to listen; PORTS, on which it listens, default `PORT`;
 * STUBBORN, that it does not hear SIGTERM; FORKS, how many children it has, with MARK in their command lines; CHATTER, how
 * many lines of a thousand bytes it prints before it listens. Other requests are answered with who it
 * is; `/stream` gives back what it is sent as it comes, an upgrade likewise.
 */
export const workerProgram = `
const { createServer } = require("node:http");
const { spawn } = require("node:child_process");
const { SINK, PORT, PORTS = "PORT", LISTEN_AFTER = "0", WORK = "0", STUBBORN, FORKS = "0", MARK = "", CHATTER = "0", K_REVISION, K_SERVICE } = process.env;
const instance = process.pid + "-" + Math.random().toString(36).slice(2);
process.on("SIGTERM", () => STUBBORN ? console.log("not yet") : process.exit(0));
for (let n = 0; n < Number(FORKS); n++) spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6) // " + MARK], { stdio: "ignore" });
for (let n = 0; n < Number(CHATTER); n++) process.stdout.write("x".repeat(999) + "\\n");
if (CHATTER !== "0") console.log("said everything");
const answer = (request, response) => {
  const { headers, url, method } = request;
  if (url.startsWith("/stream")) {
    response.write("begun\\n");
    request.on("data", (chunk) => response.write(chunk)).on("end", () => response.end("ended\\n"));
  } else if (headers["ce-id"] === undefined) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ instance, revision: K_REVISION, service: K_SERVICE, url, method }));
  } else {
    request.resume();
    const told = { "content-type": "application/json", "x-instance": instance, "x-revision": String(K_REVISION) };
    for (const name of ["ce-id", "ce-source", "ce-type"]) told[name] = headers[name];
    setTimeout(() => {
      fetch(SINK, { method: "POST", headers: told, body: JSON.stringify(process.env) }).then(
        () => response.writeHead(202).end(),
        () => response.writeHead(500).end(),
      );
    }, Number(WORK));
  }
};
setTimeout(() => {
  for (const port of PORTS.split(",")) {
    const server = createServer(answer);
    server.on("upgrade", (request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n");
      socket.on("error", () => {}).on("end", () => socket.end()).pipe(socket);
    });
    server.listen(Number(port === "PORT" ? PORT : port), "127.0.0.1");
  }
}, Number(LISTEN_AFTER));
`;

/** What a Service of a worker is made of. */
export interface WorkerOptions {
  /** Of the template. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The worker's settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** More of the container: resources, a command, a pull policy. */
  readonly container?: Json;
  /** More of the template's specification: containerConcurrency, timeoutSeconds. */
  readonly template?: Json;
  /** More of the Service's specification: traffic. */
  readonly spec?: Json;
  /** Annotations of the Service itself. */
  readonly own?: Readonly<Record<string, string>>;
}

/** A Service that is a container, of an image with Node in it, and reaches the test's sinks over the machine's own network. */
export function containerService(name: string, image: string, options: WorkerOptions = {}): Manifest {
  const { annotations, env = {}, container, template, spec, own } = options;
  const list = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  const command = ["/bin/node", "-e", workerProgram];
  const whole = { image, imagePullPolicy: "Never", command, env: list, ...container };
  const metadata = { annotations: { "rouse.dev/container-network": "host", ...annotations } };
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name, ...(own && { annotations: own }) },
    spec: { template: { metadata, spec: { containers: [whole], ...template } }, ...spec },
  };
}

/** A Service that is a local process; the program is written to the server's folder, or to that of the first of several. */
export async function processService(
  name: string,
  { dataDir }: Pick<ServerProcess, "dataDir">,
  options: WorkerOptions = {},
): Promise<Manifest> {
  const { annotations, env = {}, template, spec, own } = options;
  await writeFile(join(dataDir, "worker.cjs"), workerProgram);
  const list = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  const local = { "rouse.dev/command": `${process.execPath} worker.cjs`, "rouse.dev/workdir": dataDir, ...annotations };
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name, ...(own && { annotations: own }) },
    spec: {
      template: { metadata: { annotations: local }, spec: { containers: [{ env: list }], ...template } },
      ...spec,
    },
  };
}
