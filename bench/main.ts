import { findNatsServer } from "@rouse/broker";
import type { Case } from "./case.ts";
import { batch } from "./cases/batch.ts";
import { coldStart } from "./cases/cold-start.ts";
import { coldStartContainer } from "./cases/cold-start-container.ts";
import { coldStartFailing } from "./cases/cold-start-failing.ts";
import { fanout } from "./cases/fanout.ts";
import { idle } from "./cases/idle.ts";
import { kafkaSource } from "./cases/kafka-source.ts";
import { matcher } from "./cases/matcher.ts";
import { prewarmedCron } from "./cases/prewarmed-cron.ts";
import { rabbitmqSource } from "./cases/rabbitmq-source.ts";
import { saturation } from "./cases/saturation.ts";
import { steady } from "./cases/steady.ts";
import { thawContainer, thawProcess } from "./cases/thaw.ts";
import { triggers } from "./cases/triggers.ts";
import { describeMachine } from "./machine.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { jsonReport, tableReport } from "./report.ts";

const cases: readonly Case[] = [
  saturation,
  steady,
  triggers,
  fanout,
  batch,
  matcher,
  coldStart,
  coldStartContainer,
  coldStartFailing,
  thawProcess,
  thawContainer,
  prewarmedCron,
  idle,
  kafkaSource,
  rabbitmqSource,
];

/** Runs the cases one after the other; 1 when one failed, for instance because an event was lost. */
async function bench(options: BenchOptions): Promise<number> {
  const { only } = options;
  const chosen = cases.filter(({ promised }) => promised.some((name) => only === undefined || name.includes(only)));
  if (chosen.length === 0) {
    const names = cases.flatMap(({ promised }) => promised);
    console.error(`expected --only to name a figure, got ${only}; there are:\n  ${names.join("\n  ")}`);
    return 2;
  }
  const binary = await findNatsServer(process.env);
  if (!binary) {
    console.error("expected a nats-server on PATH or in the cache, found none; npm test gets one where it can");
    return 1;
  }
  const machine = describeMachine(binary.version);
  const report = options.json ? jsonReport(machine) : tableReport(machine, options.runs);
  let code = 0;
  for (const each of chosen) {
    const what = each.promised.join(", ");
    const missing = each.missing?.();
    if (missing !== undefined) {
      report.skip(what, missing);
      continue;
    }
    report.begin(what);
    try {
      report.add(await each.run({ options, binary }));
    } catch (failure) {
      report.fail(what, failure);
      code = 1;
    }
  }
  report.end();
  return code;
}

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(usage);
} else {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.error(`${options}\n\n${usage}`);
    process.exitCode = 2;
  } else {
    process.exitCode = await bench(options);
  }
}
