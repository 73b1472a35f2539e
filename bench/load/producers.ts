import { type Answer, Connection } from "./connection.ts";
import type { Ledger } from "./ledger.ts";
import { copyOf, type RequestTemplate, writeId } from "./request.ts";

/** Sends until it is stopped; what is on its way is waited for. */
export interface Producers {
  /** Resolves when the last answer is there. */
  stop(): Promise<void>;
  /** Answers that were no 202; each was sent again. */
  readonly refused: number;
}

const pauseMostMs = 1_000;

/** Connections that each send the next request when the last was answered. A request that is refused is repeated. */
export function closedLoop(url: string, template: RequestTemplate, connections: number, ledger: Ledger): Producers {
  let stopped = false;
  let refused = 0;
  const loop = async () => {
    const connection = new Connection(url);
    const request = copyOf(template);
    const numbers: number[] = [];
    let accepted = true;
    while (!stopped || !accepted) {
      if (accepted) number(request, numbers, ledger);
      const { status, retryAfterMs } = await new Promise<Answer>((done) => connection.send(request.bytes, done));
      accepted = status === 202;
      if (accepted) for (const each of numbers) ledger.answered(each);
      else {
        refused++;
        await new Promise((done) => setTimeout(done, Math.min(pauseMostMs, retryAfterMs || 10)));
      }
    }
    connection.close();
  };
  const loops = Array.from({ length: connections }, loop);
  return {
    get refused() {
      return refused;
    },
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}

function number(request: RequestTemplate, numbers: number[], ledger: Ledger): void {
  const at = performance.now();
  for (let place = 0; place < request.idsAt.length; place++) {
    const taken = ledger.take();
    numbers[place] = taken;
    writeId(request, place, taken);
    ledger.sent(taken, at);
  }
}

/** Sends so many events a second whatever the answers do, each on a connection that is free. */
export function openLoop(url: string, template: RequestTemplate, perSecond: number, ledger: Ledger): Producers {
  const free: { readonly connection: Connection; readonly request: RequestTemplate }[] = [];
  const began = performance.now();
  let sent = 0;
  let onWay = 0;
  let refused = 0;
  let drained: (() => void) | undefined;
  const post = () => {
    const taken = free.pop() ?? { connection: new Connection(url), request: copyOf(template) };
    const number = ledger.take();
    writeId(taken.request, 0, number);
    ledger.sent(number, performance.now());
    onWay++;
    taken.connection.send(taken.request.bytes, ({ status }) => {
      onWay--;
      free.push(taken);
      if (status === 202) ledger.answered(number);
      else refused++;
      if (onWay === 0) drained?.();
    });
  };
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    while (sent < due) {
      sent++;
      post();
    }
  }, 1);
  return {
    get refused() {
      return refused;
    },
    async stop() {
      clearInterval(timer);
      if (onWay > 0) await new Promise<void>((done) => (drained = done));
      for (const { connection } of free) connection.close();
    },
  };
}
