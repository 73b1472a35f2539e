import { afterAll, describe, expect, test } from "vitest";
import { pause } from "../harness/await-condition.ts";
import { type KillReport, killRun } from "../harness/kill-run.ts";
import { withNatsServers } from "../harness/nats.ts";

const reports: string[] = [];

function note(name: string, report: KillReport): void {
  const { acceptedEvents, expected, extra, extraReplies, lost, natsKills, serverKills, settledMs } = report;
  reports.push(
    `${name}: ${serverKills} server kills, ${natsKills} nats kills, ${acceptedEvents} accepted, ${expected} expected, ` +
      `${lost.length} lost, ${extra} extra (${extraReplies} extra replies stored), settled after ${settledMs} ms`,
  );
}

afterAll(() => console.log(reports.join("\n")));

/** Points reached under load, and the occurrences at which the process dies, one run after the other. */
const underLoad = [
  ["after-direct-delivery", [20, 41]],
  ["settled-before-ack", [30, 11]],
  ["lane-copy-stored", [5, 9]],
  ["durable-created", [1, 1]],
  ["lane-delivered", [5, 3]],
  ["reply-stored", [25, 8]],
] as const;

/** Points that are reached once a lane has been idle for its five seconds. */
const whenIdle = ["drained-seen", "durable-deleted"] as const;

await withNatsServers("promise 2", (binary) => {
  describe("kill -9 of the server under load", () => {
    for (const [point, occurrences] of underLoad) {
      test(`nothing is lost when it dies at ${point}`, async () => {
        const [first, ...later] = occurrences;
        const report = await killRun(binary, `${point}:${first}`, async (run) => {
          await run.loadWhile(async () => {
            for (const occurrence of later) await run.revive(`${point}:${occurrence}`);
            await run.revive();
          });
        });
        note(`${binary.version} ${point}`, report);
        expect(report.lost).toEqual([]);
        expect(report.serverKills).toBe(occurrences.length);
        expect(report.extraReplies).toBe(0);
      });
    }
  });

  describe.concurrent("kill -9 at moments that have to be waited for", () => {
    for (const point of whenIdle) {
      test(`nothing is lost when it dies at ${point}`, async () => {
        const report = await killRun(binary, point, async (run) => {
          await run.loadWhile(() => pause(600));
          await run.revive();
          await run.loadWhile(() => pause(600));
        });
        note(`${binary.version} ${point}`, report);
        expect(report.lost).toEqual([]);
        expect(report.serverKills).toBe(1);
      });
    }

    test("nothing is lost when it dies anywhere", async () => {
      const report = await killRun(binary, undefined, async (run) => {
        await run.loadWhile(async () => {
          for (const afterMs of [230, 410]) {
            await pause(afterMs);
            await run.server.kill();
            await run.revive();
          }
        });
      });
      note(`${binary.version} anywhere`, report);
      expect(report.lost).toEqual([]);
      expect(report.serverKills).toBe(2);
    });

    test("nothing is lost when nats-server dies, and the server lives on", async () => {
      const report = await killRun(binary, undefined, async (run) => {
        await run.loadWhile(async () => {
          for (let kill = 0; kill < 4; kill++) {
            await pause(400);
            await run.nats.kill();
            await run.nats.restart();
          }
        });
        expect(run.server.running).toBe(true);
      });
      note(`${binary.version} nats-server`, report);
      expect(report.lost).toEqual([]);
      expect(report.natsKills).toBe(4);
    });
  });
});
