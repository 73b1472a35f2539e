import { messageOf } from "@rouse/base";
import { type BrokerObject, brokerKind, readAnnotation, rouseAnnotations } from "@rouse/resources";
import type { Entry } from "../store/port.ts";
import { type Addresses, brokerUrl } from "./destination-resolver.ts";
import { objectOf, types } from "./objects.ts";
import type { BrokerSettings, OpenBrokers } from "./open-brokers.ts";
import type { KindReconciler } from "./reconciler.ts";
import { fails, holds, type StatusWriter } from "./status-writer.ts";

/** How a Broker's annotations say its streams are to be kept. */
export function settingsOf(broker: BrokerObject): BrokerSettings {
  return {
    logMaxAgeMs: readAnnotation(broker, rouseAnnotations.logMaxAge),
    logMaxBytes: readAnnotation(broker, rouseAnnotations.logMaxBytes),
    deadMaxAgeMs: readAnnotation(broker, rouseAnnotations.deadMaxAge),
    duplicateWindowMs: readAnnotation(broker, rouseAnnotations.duplicateWindow),
    maxHops: readAnnotation(broker, rouseAnnotations.maxHops),
    replicas: readAnnotation(broker, rouseAnnotations.replicas),
  };
}

/** The settings of a broker without annotations. */
export const defaultBrokerSettings: BrokerSettings = {
  logMaxAgeMs: rouseAnnotations.logMaxAge.default,
  logMaxBytes: rouseAnnotations.logMaxBytes.default,
  deadMaxAgeMs: rouseAnnotations.deadMaxAge.default,
  duplicateWindowMs: rouseAnnotations.duplicateWindow.default,
  maxHops: rouseAnnotations.maxHops.default,
  replicas: rouseAnnotations.replicas.default,
};

/** Opens and closes brokers as the objects say, and keeps their conditions. */
export class BrokerReconciler implements KindReconciler {
  readonly type = types.broker;
  private readonly brokers: OpenBrokers;
  private readonly statuses: StatusWriter;
  private readonly addresses: Addresses;

  constructor(brokers: OpenBrokers, statuses: StatusWriter, addresses: Addresses) {
    this.brokers = brokers;
    this.statuses = statuses;
    this.addresses = addresses;
  }

  async apply(entry: Entry): Promise<void> {
    const { namespace, name } = entry.id;
    let wrong: string | undefined;
    try {
      await this.brokers.open(namespace, name, settingsOf(objectOf<BrokerObject>(entry)));
    } catch (failure) {
      wrong = messageOf(failure);
    }
    const { dependents } = brokerKind.conditions;
    this.statuses.report(entry, {
      conditionSet: brokerKind.conditions,
      conditions: dependents.map((type) => (wrong === undefined ? holds(type) : fails(type, "BrokerNotOpen", wrong))),
      fields: { address: { url: brokerUrl(this.addresses, namespace, name) } },
    });
    if (wrong !== undefined) throw new Error(`broker ${namespace}/${name} could not be opened: ${wrong}`);
  }

  async remove(entry: Entry): Promise<void> {
    await this.brokers.shut(entry.id.namespace, entry.id.name);
  }
}
