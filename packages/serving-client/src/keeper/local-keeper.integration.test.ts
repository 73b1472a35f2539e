import { sleep, systemClock } from "@rouse/base";
import { expect, test } from "vitest";
import { createProcessDriver } from "../driver/process/process-driver.ts";
import { processOf } from "../workload.testing.ts";
import { createKeeper } from "./local-keeper.ts";

const node = (script: string) => processOf(process.execPath, "-e", script);

test("keeper: a real process gets its environment and no port, is started again, replaced and ended", async () => {
  const driver = createProcessDriver({ clock: systemClock, random: Math.random });
  const keeper = createKeeper({ driver, clock: systemClock, random: Math.random });
  const lines: string[] = [];
  keeper.onLine(({ instance, text }) => void lines.push(`${instance}: ${text}`));
  const saw = async (line: string) => {
    while (!lines.includes(line)) await sleep(systemClock, 5);
  };
  const process_ = {
    key: "default/feed",
    program: node("console.log(process.env.K_SINK, process.env.PORT, process.env.K_SERVICE)"),
    env: { K_SINK: "http://sink" },
    graceMs: 5_000,
    watch: false,
  };
  keeper.keep(process_);
  await saw("feed-1: http://sink undefined undefined");
  await saw("feed-2: http://sink undefined undefined");
  expect(keeper.status("default/feed")?.failure?.message).toBe("exited with code 0");
  keeper.keep({ ...process_, program: node("console.log('stays'); setInterval(() => {}, 1e6)") });
  await saw("feed-3: stays");
  const pid = Number(keeper.status("default/feed")?.handle?.slice("pid ".length));
  expect(process.kill(pid, 0)).toBe(true);
  await keeper[Symbol.asyncDispose]();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
