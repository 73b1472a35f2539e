import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { guardScript } from "./orphan-guard.ts";

test("orphan guard: a frozen group is woken to see that it is to end", async () => {
  const script = "process.on('SIGTERM', () => process.exit(3)); console.log('up'); setInterval(() => {}, 1e6)";
  const frozen = spawn(process.execPath, ["-e", script], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  await once(frozen.stdout, "data");
  frozen.kill("SIGSTOP");
  const exited = once(frozen, "exit");
  const guard = spawn("/bin/sh", ["-c", guardScript], { stdio: ["pipe", "ignore", "inherit"] });
  guard.stdin.end(`+ ${frozen.pid}\n`);
  await exited;
  guard.kill("SIGKILL");
  expect(frozen.exitCode).toBe(3);
});

test("orphan guard: ends the groups that were not taken back when its input ends, and no other", async () => {
  const start = () => spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  const [ended, kept] = [start(), start()];
  const exited = once(ended, "exit");
  const guard = spawn("/bin/sh", ["-c", `${guardScript.replace("sleep 2", "")}`], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const guarded = once(guard, "exit");
  guard.stdin.end(`+ ${ended.pid}\n+ ${kept.pid}\n+ ${ended.pid}\n- ${kept.pid}\n`);
  await exited;
  await guarded;
  expect([ended.signalCode, kept.signalCode]).toEqual(["SIGTERM", null]);
  kept.kill("SIGKILL");
  await once(kept, "exit");
});
