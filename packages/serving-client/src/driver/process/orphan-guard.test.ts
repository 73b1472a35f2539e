import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { guardScript } from "./orphan-guard.ts";

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
