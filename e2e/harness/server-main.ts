// A server in a process of its own, to be killed. ROUSE_CONFIG is a ProcessConfig in JSON; ROUSE_FAULT=<point>[:n] ends
// it with SIGKILL when that point is reached for the n-th time.
import { startServer } from "@rouse/server";
import { type ProcessConfig, type ReadyLine, serverConfig } from "./server-config.ts";

function faultFrom(text: string | undefined): ((point: string) => void) | undefined {
  if (text === undefined || text === "") return undefined;
  const [wanted, times = "1"] = text.split(":");
  let left = Number(times);
  return (point) => {
    if (point !== wanted) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}

const config = JSON.parse(process.env.ROUSE_CONFIG ?? "{}") as ProcessConfig;
try {
  const server = await startServer(serverConfig(config, faultFrom(process.env.ROUSE_FAULT)));
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    server[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (failure: unknown) => {
        console.error(failure);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  const { dataPlane, admin, pid } = server.info;
  const line: ReadyLine = { dataPlane, admin, pid };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} catch (failure) {
  const { code, message, hint } = failure as { code?: string; message?: string; hint?: string };
  process.stderr.write(`${JSON.stringify({ code, message, hint })}\n`);
  process.exit(1);
}
