import type { Clock } from "@rouse/base";
import type { Probe } from "../instance/readiness.ts";
import type { Driver, InstanceExit, InstanceObserver, LaunchOrder, Program } from "./driver.ts";

/** An instance of the {@link FakeDriver}, moved by the test. */
export interface FakeInstance {
  readonly name: string;
  readonly port: number;
  readonly order: LaunchOrder;
  /** It was asked to end. */
  asked: boolean;
  /** What the driver was asked to do with it, in this order. */
  readonly calls: string[];
  /** Listens: on its PORT, or where it likes. */
  listen(port?: number): void;
  print(stream: "stdout" | "stderr", text: string): void;
  exit(exit?: Partial<InstanceExit>): void;
}

/** A driver without processes: what it started, and a probe that knows which of it listens. */
export class FakeDriver implements Driver {
  readonly instances: FakeInstance[] = [];
  /** When set, launches are refused with it. */
  refusal: string | undefined;
  /** What an instance that is asked to end does; default: it exits. */
  obeys = true;
  readonly probe: Probe = (address, settled) => {
    let cancelled = false;
    queueMicrotask(() => cancelled || settled(this.listening.has(address.port)));
    return () => {
      cancelled = true;
    };
  };
  /** What freezing and thawing come to; each call waits for it. */
  freezing: (what: "freeze" | "thaw") => Promise<boolean> = async () => true;
  readonly prepared: Program[] = [];
  private readonly listening = new Set<number>();
  private readonly clock: Pick<Clock, "monotonic"> | undefined;

  /** @param clock tells when instances were started; default: at 0. */
  constructor(clock?: Pick<Clock, "monotonic">) {
    this.clock = clock;
  }

  /** The instance that was started last. */
  get last(): FakeInstance {
    const last = this.instances.at(-1);
    if (!last) throw new Error("nothing was started");
    return last;
  }

  async launch(order: LaunchOrder, observer: InstanceObserver) {
    if (this.refusal) return { kind: "refused", reason: "CommandNotFound", message: this.refusal } as const;
    const port = 20_001 + this.instances.length;
    let exited: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      exited = resolve;
    });
    const own = new Set<number>();
    const instance: FakeInstance = {
      name: order.instance,
      port,
      order,
      asked: false,
      calls: [],
      listen: (where = port) => {
        own.add(where);
        this.listening.add(where);
      },
      print: (stream, text) => observer.line(stream, text),
      exit: (exit = {}) => {
        for (const where of own) this.listening.delete(where);
        observer.exited({ code: undefined, signal: undefined, ...exit });
        exited();
      },
    };
    this.instances.push(instance);
    const stop = () => {
      instance.calls.push("stop");
      if (instance.asked) return;
      instance.asked = true;
      if (this.obeys) queueMicrotask(() => instance.exit({ signal: "SIGTERM" }));
    };
    const call = async (what: "freeze" | "thaw") => {
      instance.calls.push(what);
      const done = await this.freezing(what);
      instance.calls.push(`${what} done`);
      return done;
    };
    return {
      kind: "running",
      instance: {
        handle: `fake ${port}`,
        port,
        addresses: [{ host: "127.0.0.1", port }],
        readiness: "connection",
        startedAt: this.clock?.monotonic() ?? 0,
        gone,
        stop,
        listeningPorts: async () => [...own].sort((a, b) => a - b),
        addressOf: (where: number) => ({ host: "127.0.0.1", port: where }),
        freeze: () => call("freeze"),
        thaw: () => call("thaw"),
      },
    } as const;
  }

  prepare(program: Program): void {
    this.prepared.push(program);
  }
}
