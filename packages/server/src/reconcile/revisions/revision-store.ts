import { randomUUID } from "node:crypto";
import { type Clock, messageOf } from "@rouse/base";
import type { ServiceObject } from "@rouse/resources";
import type { Logger } from "pino";
import type { Entry, Store } from "../../store/port.ts";
import { types } from "../objects.ts";
import {
  formOf,
  generationOf,
  hasForm,
  isOf,
  ownerOf,
  revisionDocument,
  revisionId,
  revisionNameOf,
  revisionType,
} from "./revision-form.ts";

/** What keeping revisions needs. */
export interface RevisionStorePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/**
 * The revisions of Services in the store. Every process that applies a Service sees to its revision; the name is the same
 * in all, so that there is one.
 */
export class RevisionStore {
  private readonly ports: RevisionStorePorts;

  constructor(ports: RevisionStorePorts) {
    this.ports = ports;
  }

  /** Those of a Service, oldest first. */
  of(service: Entry): readonly Entry[] {
    const { namespace } = service.id;
    const all = this.ports.store.list({ ...revisionType, namespace });
    return all.filter((each) => isOf(each, service)).sort((a, b) => generationOf(a) - generationOf(b));
  }

  /**
   * The name of the revision of a Service's present template, which is stored when there is none, and all that are stored,
   * oldest first. Whether it could be stored or not, instances may be started: a revision that is missing can only not be
   * gone back to.
   */
  async present(
    service: Entry,
    object: ServiceObject,
  ): Promise<{ readonly name: string; readonly stored: readonly Entry[] }> {
    const stored = this.of(service);
    const latest = stored.at(-1);
    if (latest && hasForm(latest, formOf(object))) return { name: latest.id.name, stored };
    const name = revisionNameOf(object);
    try {
      await this.make(service, object, name);
    } catch (failure) {
      const { logger } = this.ports;
      logger.warn({ revision: name, reason: messageOf(failure) }, "a revision could not be stored");
    }
    return { name, stored: this.of(service) };
  }

  /** Removes those that are named. */
  async remove(service: Entry, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const known = this.ports.store.get(revisionId(service.id, name));
      if (known && isOf(known, service)) await this.take(known);
    }
  }

  /** Removes all of a Service that is gone. */
  async removeAll(service: Entry): Promise<void> {
    for (const each of this.of(service)) await this.take(each);
  }

  private async make(service: Entry, object: ServiceObject, name: string): Promise<void> {
    const { clock, store } = this.ports;
    const id = revisionId(service.id, name);
    const known = store.get(id);
    if (known && !isOf(known, service)) {
      const owner = ownerOf(known);
      const present = owner && store.get({ ...types.service, namespace: service.id.namespace, name: owner.name });
      if (present !== undefined && present.uid === owner?.uid)
        throw new Error(`revision ${name} is of the Service ${owner?.name}`);
      // Left by a Service of the same name that is gone.
      await store.remove(id, { uid: known.uid });
    }
    const uid = randomUUID();
    const outcome = await store.create(id, revisionDocument(service, object, uid, clock.now()));
    if (outcome.kind === "written") return;
    const { current } = outcome;
    if (current && isOf(current, service) && hasForm(current, formOf(object))) return;
    throw new Error(`there is another revision ${name} already`);
  }

  private async take(revision: Entry): Promise<void> {
    try {
      await this.ports.store.remove(revision.id, { uid: revision.uid });
    } catch (failure) {
      const { logger } = this.ports;
      logger.warn({ revision: revision.id.name, reason: messageOf(failure) }, "a revision could not be removed");
    }
  }
}
