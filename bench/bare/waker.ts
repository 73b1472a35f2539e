import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { request } from "undici";
import { answerCalls } from "../child.ts";
import { machineNow } from "../rouse/machine-now.ts";
import { answerHeader, readAnswer } from "../serving/program.ts";

/** A cold start by hand, milliseconds. */
export interface BareStart {
  readonly totalMs: number;
  /** From the spawn until it listened. */
  readonly ownMs: number;
}

/** What this process answers to. */
export type WakerMethods = {
  /** Starts the program of the folder, sends it one request as soon as it takes connections, and ends it. */
  wake: (folder: string) => Promise<BareStart>;
};

const lookAgainMs = 1;

/** The least that can be done: nothing is stored, matched, counted or told; what it costs is the machine's. */
async function wake(folder: string): Promise<BareStart> {
  const port = await freePort();
  const received = machineNow();
  const child = spawn("node", ["program.cjs"], { cwd: folder, env: { ...process.env, PORT: String(port) } });
  const exited = once(child, "exit");
  while (!(await accepts(port))) await new Promise((done) => setTimeout(done, lookAgainMs));
  const dispatched = machineNow();
  const { body, headers } = await request(`http://127.0.0.1:${port}/`, { method: "POST", body: "wake up" });
  await body.dump();
  child.kill("SIGKILL");
  await exited;
  const { listened } = readAnswer(String(headers[answerHeader]));
  return { totalMs: dispatched - received, ownMs: listened.machine - received };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const finish = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

answerCalls({ wake } satisfies WakerMethods);
