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

/** Points reached under load, with the occurrence at which the process dies: each successor dies at the next point. */
const underLoad = [
  "after-direct-delivery:20",
  "settled-before-ack:30",
  "lane-copy-stored:5",
  "durable-created:1",
  "lane-delivered:5",
  "reply-stored:25",
] as const;

await withNatsServers("promise 2", (binary) => {
  test("nothing is lost when the server dies at every point that it passes under load", async () => {
    const [first, ...later] = underLoad;
    const report = await killRun(binary, first, (run) =>
      run.loadWhile(async () => {
        for (const fault of later) await run.revive(fault);
        await run.revive();
      }),
    );
    note(`${binary.version} under load`, report);
    expect(report.lost).toEqual([]);
    expect(report.serverKills).toBe(underLoad.length);
    expect(report.extraReplies).toBe(0);
  });

  describe.concurrent("kill -9 at moments that have to be waited for", () => {
    test("nothing is lost when it dies while it closes an idle lane", async () => {
      const report = await killRun(binary, "drained-seen", async (run) => {
        await run.loadWhile(() => pause(600));
        await run.revive("durable-deleted");
        await run.loadWhile(() => pause(600));
        await run.revive();
        await run.loadWhile(() => pause(300));
      });
      note(`${binary.version} idle lane`, report);
      expect(report.lost).toEqual([]);
      expect(report.serverKills).toBe(2);
    });

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
