import { type Clock, messageOf } from "@rouse/base";
import { type KindDefinition, type ResourceObject, secretRefs } from "@rouse/resources";
import type { Outlet, OutletStatus } from "@rouse/sources";
import type { Logger } from "pino";
import type { Entry, ObjectId, ResourceType } from "../../store/port.ts";
import { type Addresses, sinkUrl } from "../destination-resolver.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { objectOf } from "../objects.ts";
import type { KindReconciler } from "../reconciler.ts";
import { namesSecret } from "../references.ts";
import { troubleField } from "../sources/trouble.ts";
import { fails, holds, type StatusWriter } from "../status-writer.ts";

/** How one kind of sink is run. */
export interface OutletRecipe<O extends ResourceObject, D> {
  readonly definition: KindDefinition<O>;
  /** What the sink runs with. Rejects, in words, when something is missing. */
  define(entry: Entry, object: O): Promise<D>;
  open(definition: D, changed: () => void): Outlet;
}

/** What hosting sinks needs. */
export interface OutletPorts {
  readonly statuses: StatusWriter;
  readonly addresses: Addresses;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Hosted {
  readonly form: string;
  readonly outlet: Outlet;
}

/** Runs the sinks of one kind as the objects say, and keeps their conditions. */
export class OutletHost<O extends ResourceObject, D> implements KindReconciler {
  readonly type: ResourceType;
  private readonly hosted = new Map<string, Hosted>();
  /** The objects as they are now. */
  private readonly entries = new Map<string, Entry>();
  /** Sinks that were replaced or removed and still finish what was sent. */
  private readonly closing = new Set<Promise<void>>();
  private readonly recipe: OutletRecipe<O, D>;
  private readonly ports: OutletPorts;

  constructor(recipe: OutletRecipe<O, D>, ports: OutletPorts) {
    this.recipe = recipe;
    this.ports = ports;
    const { group, plural } = recipe.definition;
    this.type = { group, plural };
  }

  find(namespace: string, name: string): Outlet | undefined {
    return this.hosted.get(`${namespace}/${name}`)?.outlet;
  }

  dependsOn(entry: Entry, id: ObjectId): boolean {
    return namesSecret(secretRefs(objectOf(entry)), id);
  }

  async apply(entry: Entry): Promise<void> {
    const key = keyOf(entry);
    this.entries.set(key, entry);
    try {
      const definition = await this.recipe.define(entry, objectOf<O>(entry));
      const form = fingerprintOf(definition);
      const before = this.hosted.get(key);
      if (before?.form !== form) {
        const outlet: Outlet = this.recipe.open(definition, () => this.told(key, outlet));
        this.hosted.set(key, { form, outlet });
        // What was sent is finished by the one before; new events already take the new one.
        this.close(before);
      }
      this.report(entry, this.hosted.get(key)?.outlet.status());
    } catch (failure) {
      this.retire(key);
      this.report(entry, undefined, messageOf(failure));
    }
  }

  remove(entry: Entry): void {
    const key = keyOf(entry);
    this.entries.delete(key);
    this.retire(key);
  }

  /** Closes all; each within its own bound. */
  async closeAll(): Promise<void> {
    for (const key of [...this.hosted.keys()]) this.retire(key);
    await Promise.all(this.closing);
  }

  private retire(key: string): void {
    const gone = this.hosted.get(key);
    this.hosted.delete(key);
    this.close(gone);
  }

  /** Returns at once: a message broker that is slow to answer must not hold up what else changed. */
  private close(gone: Hosted | undefined): void {
    if (gone === undefined) return;
    const closed = this.dispose(gone).finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }

  private async dispose({ outlet }: Hosted): Promise<void> {
    try {
      await outlet[Symbol.asyncDispose]();
    } catch (failure) {
      this.ports.logger.warn({ reason: messageOf(failure) }, "a sink did not close in order");
    }
  }

  /** A sink has something new to say; one that is being closed has nothing to say any more. */
  private told(key: string, outlet: Outlet): void {
    const entry = this.entries.get(key);
    if (entry !== undefined && this.hosted.get(key)?.outlet === outlet) this.report(entry, outlet.status());
  }

  private report(entry: Entry, status: OutletStatus | undefined, wrong?: string): void {
    const { conditions: set } = this.recipe.definition;
    const reason = wrong === undefined ? "SinkTrouble" : "SinkInvalid";
    const message = wrong ?? status?.trouble?.message;
    // The first is about the topic or the exchange; the address holds as long as this process serves it.
    const [outside] = set.dependents;
    this.ports.statuses.report(entry, {
      conditionSet: set,
      conditions: set.dependents.map((type) =>
        type === outside && message !== undefined ? fails(type, reason, message) : holds(type),
      ),
      fields: {
        address: { url: sinkUrl(this.ports.addresses, entry.id) },
        lastError: troubleField(status?.trouble),
      },
    });
  }
}

function keyOf(entry: Entry): string {
  return `${entry.id.namespace}/${entry.id.name}`;
}
