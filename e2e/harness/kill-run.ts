import type { NatsServerBinary } from "@rouse/broker";
import { Api, broker, ofType, trigger } from "./api.ts";
import { awaitCondition, pause } from "./await-condition.ts";
import { connectRaw, type NatsServer, startNats } from "./nats.ts";
import { type Accepted, produce } from "./producer.ts";
import { killTiming } from "./server-config.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { accepted, reply, type Subscriber, startSubscriber, status } from "./subscriber.ts";

/** What came out of a run under kills. */
export interface KillReport {
  readonly acceptedEvents: number;
  /** Deliveries that had to be made at least once. */
  readonly expected: number;
  /** Of these, the ones never made. */
  readonly lost: readonly string[];
  /** Deliveries made beyond the first. */
  readonly extra: number;
  readonly serverKills: number;
  readonly natsKills: number;
  /** Replies stored in the log, beyond one for each delivery that caused them. */
  readonly extraReplies: number;
  /** From the end of the scenario until everything was delivered. */
  readonly settledMs: number;
}

/** A run: a server, a nats-server, a load, four triggers of which one is flaky and one replies. */
export interface KillRun {
  readonly server: ServerProcess;
  readonly nats: NatsServer;
  readonly subscriber: Subscriber;
  /** Puts a load of 100 events a second on the broker while the work lasts; what is accepted has to be delivered. */
  loadWhile(work: () => Promise<void>): Promise<void>;
  /** Starts the dead server again; with a fault, it is to die again. */
  revive(fault?: string): Promise<void>;
}

const rate = 100;
const loadMax = 3_000;
const replyType = "test.answered";
const paths = ["/steady", "/flaky", "/asks"] as const;

/**
 * Runs `scenario` and then waits until everything accepted was delivered to every trigger it matches, replies included.
 * @param fault with which the server is started.
 */
export async function killRun(
  binary: NatsServerBinary,
  fault: string | undefined,
  scenario: (run: KillRun) => Promise<void>,
): Promise<KillReport> {
  await using nats = await startNats(binary);
  await using subscriber = await startSubscriber();
  // Without events no fault point is reached: it lives until the load begins.
  await using server = await startServerProcess({
    nats,
    brokerTiming: killTiming,
    ...(fault !== undefined && { fault }),
  });
  misbehave(subscriber);
  await new Api(server).apply(broker(), ...triggers(subscriber));
  let natsKills = 0;
  const all: Accepted[] = [];
  let loads = 0;
  const counted = countKills(nats, () => {
    natsKills += 1;
  });
  const revive = async (again?: string) => {
    await awaitCondition("the server to be dead", () => !server.running, { withinMs: 15_000 });
    await server.restart(again === undefined ? {} : { fault: again });
  };
  await scenario({
    server,
    nats: counted,
    subscriber,
    revive,
    async loadWhile(work) {
      loads += 1;
      let working = true;
      const load = { url: server.broker(), count: loadMax, rate, prefix: `load${loads}`, type: "test.asked" };
      const loaded = produce({ ...load, goOn: () => working });
      loaded.catch(() => undefined);
      try {
        await work();
      } finally {
        working = false;
      }
      all.push(...(await loaded));
    },
  });
  return {
    ...(await settled(nats, subscriber, all)),
    serverKills: server.kills,
    natsKills,
  };
}

function triggers(subscriber: Subscriber) {
  const delivery = { retry: 1_000, backoffPolicy: "linear", backoffDelay: "PT0.1S" };
  return [
    trigger("steady", subscriber.url("/steady"), { ...ofType("test.asked"), delivery }),
    trigger("flaky", subscriber.url("/flaky"), { ...ofType("test.asked"), delivery }),
    trigger("asks", subscriber.url("/asks"), { ...ofType("test.asked"), delivery }),
    trigger("answered", subscriber.url("/answered"), { ...ofType(replyType), delivery }),
  ];
}

/** One in six first visits fails, and one in twenty answers late; replies copy id and source of what they answer. */
function misbehave(subscriber: Subscriber): void {
  let visits = 0;
  subscriber.on("/flaky", ({ visit }) => {
    visits += 1;
    if (visit === 1 && visits % 6 === 0) return status(visits % 12 === 0 ? 500 : 429);
    return visits % 20 === 0 ? { ...accepted, kind: "status", status: 202, afterMs: 60 } : accepted;
  });
  subscriber.on("/asks", ({ id, source }) => reply({ id, source, type: replyType }));
}

function countKills(nats: NatsServer, onKill: () => void): NatsServer {
  return Object.defineProperties({} as NatsServer, {
    ...Object.getOwnPropertyDescriptors(nats),
    kill: {
      value: (signal?: NodeJS.Signals) => {
        onKill();
        return nats.kill(signal);
      },
    },
  });
}

async function settled(nats: NatsServer, subscriber: Subscriber, all: readonly Accepted[]) {
  const keys = all.map((each) => `${each.source} ${each.id}`);
  const missing = () =>
    [...paths, "/answered"].flatMap((path) => {
      const counts = subscriber.acceptedCounts(path);
      return keys.filter((key) => !counts.has(key)).map((key) => `${path} ${key}`);
    });
  await using raw = await connectRaw(nats);
  const begun = performance.now();
  await awaitCondition("every accepted event delivered to every trigger", () => missing().length === 0, {
    withinMs: 45_000,
    everyMs: 100,
  }).catch(() => undefined);
  const settledMs = Math.round(performance.now() - begun);
  const lost = missing();
  // Repeats that are still on their way are counted too.
  await pause(300);
  let extra = 0;
  for (const path of [...paths, "/answered"]) {
    for (const count of subscriber.acceptedCounts(path).values()) extra += count - 1;
  }
  const log = await raw.messages("ROUSE_LOG_default_default");
  const replies = log.filter((message) => message.headers["ce-type"] === replyType).length;
  return {
    acceptedEvents: all.length,
    expected: keys.length * (paths.length + 1),
    lost,
    extra,
    extraReplies: replies - keys.length,
    settledMs,
  };
}
