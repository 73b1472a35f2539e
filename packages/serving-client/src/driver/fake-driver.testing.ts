import type { Probe } from "../readiness.ts";
import type { Driver, InstanceExit, InstanceObserver, LaunchOrder } from "./driver.ts";

/** An instance of the {@link FakeDriver}, moved by the test. */
export interface FakeInstance {
  readonly name: string;
  readonly port: number;
  readonly order: LaunchOrder;
  /** It was asked to end. */
  asked: boolean;
  listen(): void;
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
  private readonly listening = new Set<number>();

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
    const instance: FakeInstance = {
      name: order.instance,
      port,
      order,
      asked: false,
      listen: () => void this.listening.add(port),
      print: (stream, text) => observer.line(stream, text),
      exit: ({ code, signal } = {}) => {
        this.listening.delete(port);
        observer.exited({ code, signal });
        exited();
      },
    };
    this.instances.push(instance);
    const stop = () => {
      if (instance.asked) return;
      instance.asked = true;
      if (this.obeys) queueMicrotask(() => instance.exit({ signal: "SIGTERM" }));
    };
    const addresses = [{ host: "127.0.0.1", port }];
    const listeningPorts = async () => [3000];
    return {
      kind: "running",
      instance: {
        handle: `fake ${port}`,
        port,
        addresses,
        readiness: "connection",
        startedAt: 0,
        gone,
        stop,
        listeningPorts,
        addressOf: () => undefined,
        freeze: async () => true,
        thaw: async () => true,
      },
    } as const;
  }
}
