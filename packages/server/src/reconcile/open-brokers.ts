import { type Broker, internalBroker } from "@rouse/broker";
import { createMatcher, type TriggerMatcher, type TriggerRoute } from "@rouse/triggers";

/** A broker as the server runs it. */
export type OpenBroker = Broker<TriggerRoute>;

/** How brokers keep their streams. */
export interface BrokerSettings {
  readonly logMaxAgeMs: number;
  readonly logMaxBytes: number;
  readonly deadMaxAgeMs: number;
  readonly duplicateWindowMs: number;
  readonly maxHops: number;
  readonly replicas: number;
}

/** Opens the broker of a name: given by the wiring, which knows engine, delivery and the rest. */
export type BrokerOpener = (
  namespace: string,
  name: string,
  settings: BrokerSettings,
  matcher: TriggerMatcher,
) => Promise<OpenBroker>;

interface Opened {
  readonly broker: OpenBroker;
  readonly form: string;
}

/**
 * The brokers that are open in this process, and the matchers of all that any trigger names (a trigger may come before
 * its broker). Whoever made it closes it with `close`.
 */
export class OpenBrokers {
  private readonly opened = new Map<string, Opened>();
  private readonly matchers = new Map<string, TriggerMatcher>();
  private readonly opener: BrokerOpener;
  private readonly internalSettings: BrokerSettings;

  constructor(opener: BrokerOpener, internalSettings: BrokerSettings) {
    this.opener = opener;
    this.internalSettings = internalSettings;
  }

  find(namespace: string, name: string): OpenBroker | undefined {
    return this.opened.get(`${namespace}/${name}`)?.broker;
  }

  /** Every open broker, the internal ones included. */
  all(): readonly OpenBroker[] {
    return [...this.opened.values()].map((each) => each.broker);
  }

  matcher(namespace: string, name: string): TriggerMatcher {
    const key = `${namespace}/${name}`;
    let matcher = this.matchers.get(key);
    if (!matcher) {
      matcher = createMatcher();
      this.matchers.set(key, matcher);
    }
    return matcher;
  }

  /** Opens a broker, or opens it anew when its settings changed. */
  async open(namespace: string, name: string, settings: BrokerSettings): Promise<void> {
    const key = `${namespace}/${name}`;
    const form = JSON.stringify(settings);
    const before = this.opened.get(key);
    if (before?.form === form) return;
    this.opened.delete(key);
    await before?.broker[Symbol.asyncDispose]();
    const broker = await this.opener(namespace, name, settings, this.matcher(namespace, name));
    this.opened.set(key, { broker, form });
  }

  openInternal(namespace: string): Promise<void> {
    return this.open(namespace, internalBroker, this.internalSettings);
  }

  /** Closes one; its streams stay. */
  async shut(namespace: string, name: string): Promise<void> {
    const key = `${namespace}/${name}`;
    const before = this.opened.get(key);
    this.opened.delete(key);
    await before?.broker[Symbol.asyncDispose]();
  }

  /** Drains and closes all of them at once. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((broker) => broker[Symbol.asyncDispose]()));
    this.opened.clear();
  }
}
