import { expect, test } from "vitest";
import { Api, broker, pingSource, refTo, trigger } from "../harness/api.ts";
import { awaitCondition, pause } from "../harness/await-condition.ts";
import { connectRaw, type RawMessage, startNats, withNatsServers } from "../harness/nats.ts";
import { startServerProcess } from "../harness/server-process.ts";
import { startSubscriber } from "../harness/subscriber.ts";

const everySecond = "* * * * * *";
const policies = ["latest", "all", "skip"] as const;

/** The planned seconds of a source's ticks in the log, in order of the log. */
function ticksOf(messages: readonly RawMessage[], name: string): readonly { second: number; missed: boolean }[] {
  return messages
    .filter(({ headers }) => headers["ce-source"]?.endsWith(`/${name}`))
    .map(({ headers }) => ({
      second: Date.parse(headers["ce-time"] ?? "") / 1_000,
      missed: headers["ce-rousemissed"] === "true",
    }));
}

await withNatsServers("promise 7", (binary) => {
  test.concurrent("two replicas, a kill -9, a restart and an outage of both: every tick is one event", async () => {
    await using nats = await startNats(binary);
    await using one = await startServerProcess({ nats });
    await using two = await startServerProcess({ nats });
    await using subscriber = await startSubscriber();
    const sources = policies.map((policy) =>
      pingSource(policy, everySecond, refTo("Broker", "default"), { "rouse.dev/missed-ticks": policy }),
    );
    await new Api(one).apply(broker(), trigger("all", subscriber.url("/ticks")), ...sources);
    const ticks = () => subscriber.acceptedCounts("/ticks").size;
    await awaitCondition("ticks from both", () => ticks() >= 6, { withinMs: 15_000 });

    await one.kill();
    await pause(2_200);
    await one.restart();
    await pause(1_200);
    // Both away for longer than a tick may be late: what is missed is made up for as each source says.
    await Promise.all([one.kill(), two.kill()]);
    const downAt = Date.now() / 1_000;
    await pause(8_000);
    await Promise.all([one.restart(), two.restart()]);
    const upAt = Date.now() / 1_000;
    const before = ticks();
    await awaitCondition("ticks after the outage", () => ticks() >= before + 9, { withinMs: 15_000 });
    await Promise.all([one.kill(), two.kill()]);

    await using raw = await connectRaw(nats);
    const messages = await raw.messages("ROUSE_LOG_default_default");
    const missedSeconds = Math.floor(upAt) - Math.ceil(downAt) + 1;
    expect(missedSeconds).toBeGreaterThanOrEqual(8);
    for (const policy of policies) {
      const all = ticksOf(messages, policy);
      const seconds = all.map(({ second }) => second);
      expect(new Set(seconds).size, policy).toBe(seconds.length);
      const inTime = new Set(seconds);
      const first = Math.min(...seconds);
      const last = Math.max(...seconds);
      const absent: number[] = [];
      for (let second = first; second <= last; second++) if (!inTime.has(second)) absent.push(second);
      const missed = all.filter((tick) => tick.missed);
      // While one replica lives nothing is missed: what is absent lies within the outage of both.
      for (const second of absent) {
        expect(second).toBeGreaterThan(downAt - 1);
        expect(second).toBeLessThan(upAt + 1);
      }
      const shown = `${policy}: ${all.map((tick) => `${(tick.second - first).toFixed(0)}${tick.missed ? "m" : ""}`).join(" ")}, down ${(downAt - first).toFixed(1)} to ${(upAt - first).toFixed(1)}`;
      if (policy === "all") {
        expect(absent, shown).toEqual([]);
        expect(missed.length, shown).toBeGreaterThanOrEqual(2);
      }
      if (policy === "latest") expect(missed, shown).toHaveLength(1);
      if (policy === "skip") expect(missed, shown).toHaveLength(0);
      if (policy !== "all") expect(absent.length, shown).toBeGreaterThanOrEqual(1);
    }
  });
});
