import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { runningOf } from "../rouse/admin.ts";
import type { Delivery } from "../rouse/deliveries.ts";
import { matchedType } from "../rouse/manifests.ts";
import type { RouseSide } from "../sides.ts";
import type { Answer } from "./program.ts";
import { until } from "./until.ts";

/** A delivery that the instance has answered. */
export type Answered = Delivery & { readonly answer: Answer };

const patienceMs = 60_000;

let sent = 0;

/** Waits until nothing of the service runs, and the engine is left alone. */
export async function asleep(rouse: RouseSide, service: string): Promise<void> {
  await until(`${service} went to zero`, async () => {
    return (await runningOf(rouse.admin, service)) === 0 && (await rouse.server.call("quiet", undefined));
  });
}

/** Sends one event; resolves to its id when it is accepted. */
async function sendOne(rouse: RouseSide, type: string): Promise<string> {
  const id = String(++sent);
  const headers = { "ce-specversion": "1.0", "ce-type": type, "ce-source": "/bench", "ce-id": id };
  const { body, statusCode } = await request(rouse.url, { method: "POST", headers, body: "wake up" });
  await body.dump();
  if (statusCode !== 202) throw new Error(`the event was answered ${statusCode}`);
  return id;
}

/** Sends one event and waits until an instance has answered it. All attempts until then, that one last. */
export async function deliverOne(
  rouse: RouseSide,
  type = matchedType,
): Promise<{ readonly last: Answered; readonly all: Delivery[] }> {
  const id = await sendOne(rouse, type);
  const all: Delivery[] = [];
  for (;;) {
    all.push(...(await withinPatience(rouse.server.call("nextDeliveries", undefined))));
    const last = all.find((it): it is Answered => it.answer?.id === id && it.verdict === "done");
    if (last) return { last, all };
  }
}

async function withinPatience<T>(awaited: Promise<T>): Promise<T> {
  const late = new AbortController();
  const gaveUp = sleep(patienceMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`waited ${patienceMs} ms for a delivery`);
  });
  gaveUp.catch(() => undefined);
  try {
    return await Promise.race([awaited, gaveUp]);
  } finally {
    late.abort();
  }
}
