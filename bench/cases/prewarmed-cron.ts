import type { Case } from "../case.ts";
import { type Figure, median, quantile } from "../figure.ts";
import type { Delivery } from "../rouse/deliveries.ts";
import { tickedService } from "../rouse/manifests.ts";
import type { Answer } from "../serving/program.ts";
import { programFolder } from "../serving/program-folder.ts";
import { until } from "../serving/until.ts";
import { startRouse } from "../sides.ts";

const name = "cron.prewarmed-delay.p95-ms";
const periodSeconds = 4;
/** The other service's ticks come in the middle between the first one's. */
const schedules = {
  on: `0/${periodSeconds} * * * * *`,
  off: `${periodSeconds / 2}/${periodSeconds} * * * * *`,
} as const;
const idle = "PT0.3S";

/** From a tick's planned time to its being at the instance, of a service that nothing else wakes and that has ended since the last tick. */
export const prewarmedCron: Case = {
  promised: [name],
  async run({ binary, options }) {
    await using place = await programFolder();
    const manifests = (["on", "off"] as const).flatMap((prewarm) => {
      const annotations = { "idle-timeout": idle, prewarm };
      return tickedService(`ticked-${prewarm}`, schedules[prewarm], place.program, annotations);
    });
    await using rouse = await startRouse(binary, { name: "rouse", manifests, watch: {}, workdir: place.folder });
    const ticks = async (count: number) => {
      const answers: Answer[] = [];
      await rouse.server.call("deliveries", undefined);
      await until(
        `${count} ticks came`,
        async () => {
          answers.push(...(await rouse.server.call("deliveries", undefined)).flatMap(answerOf));
          return answers.filter(isOn).length >= count && answers.filter((it) => !isOn(it)).length >= count;
        },
        (count + 3) * periodSeconds * 1_000,
      );
      return answers;
    };
    // The first start is not measured yet, and is begun a second ahead.
    await ticks(2);
    const runs: Answer[][] = [];
    for (let at = 0; at < options.runs; at++) runs.push(await ticks(options.quick ? 2 : 8));
    if (new Set(runs.flat().map(({ listened }) => listened.machine)).size < runs.flat().length) {
      throw new Error("expected an instance of its own for each tick");
    }
    return figuresOf(runs);
  },
};

function figuresOf(runs: readonly Answer[][]): Figure[] {
  const [on, off] = [runs.map((all) => all.filter(isOn)), runs.map((all) => all.filter((it) => !isOn(it)))];
  const each = (of: Answer[][], share: number, value: (answer: Answer) => number) =>
    of.map((all) => (share === 0.5 ? median(all.map(value)) : quantile(all.map(value), share)));
  return [
    { name, unit: "ms", runs: each(on, 0.95, delayMs) },
    { name: "cron.prewarmed-delay.p50-ms", unit: "ms", runs: each(on, 0.5, delayMs) },
    { name: "cron.prewarmed-ready-ahead", unit: "ms", runs: each(on, 0.5, aheadMs) },
    { name: "cron.not-prewarmed-delay.p50-ms", unit: "ms", runs: each(off, 0.5, delayMs) },
    { name: "cron.not-prewarmed-delay.p95-ms", unit: "ms", runs: each(off, 0.95, delayMs) },
  ];
}

function answerOf({ answer }: Delivery): Answer[] {
  return answer ? [answer] : [];
}

function isOn({ planned }: Answer): boolean {
  return Math.round(planned / 1_000) % periodSeconds === 0;
}

function delayMs({ arrived, planned }: Answer): number {
  return arrived.wall - planned;
}

function aheadMs({ listened, planned }: Answer): number {
  return planned - listened.wall;
}
