import type { Clock } from "@rouse/base";
import type { Admission, AdmitOptions, KindDefinition, ResourceObject } from "@rouse/resources";
import type { Vault } from "../secrets/vault.ts";
import type { JsonObject, Store } from "../store/port.ts";
import type { Reading } from "./view.ts";

/** Where the API meets the rest of the server; all are awaited, and may throw a StoreFault. */
export interface AdminHooks {
  /**
   * Called with the admitted object (name, namespace and uid are set) before it becomes visible. What it returns is
   * stored as its first status, also before; a Trigger gets its `fromSequence` so.
   */
  beforeCreate?(object: ResourceObject): Promise<JsonObject | undefined>;
  /** Called after a write or removal at `revision`, before the answer: the server waits until it has applied it. */
  afterWrite?(revision: number): Promise<void>;
  /**
   * Called after a removal with the object's last state and the query of the request. Each sentence that it returns is
   * told in a Warning header and as a cause of the answer: what was removed beside the object.
   */
  afterDelete?(object: ResourceObject, query: Readonly<Record<string, unknown>>): Promise<readonly string[]>;
}

/** What the admin API works with. */
export interface AdminApiOptions {
  /** Seals the values of Secrets itself. */
  readonly store: Store;
  /** Opens them, to compare them with what is written; what is not stored is sealed to see whether it could be. */
  readonly vault: Pick<Vault, "open" | "isCurrent" | "seal">;
  readonly clock: Clock;
  /** A number in [0, 1), for generated names and the length of watches. */
  readonly random: () => number;
  /** The kinds that are served. */
  readonly kinds: readonly KindDefinition[];
  /** Takes or refuses a document; `admit` of resources with the domains' checks. */
  readonly admit: (document: unknown, options: AdmitOptions) => Admission;
  readonly hooks?: AdminHooks;
  /** Added to the status of what is read: get, list and watch. Never stored, and no change of it is told. */
  readonly reading?: Reading;
  /** The version of this program, for `/version`. */
  readonly version: string;
  /** Largest body in bytes; default 3 MiB. */
  readonly bodyMaxBytes?: number;
}

/** What an operation answers. */
export interface Answer {
  readonly code: number;
  readonly body: JsonObject;
  /** Sentences for Warning headers. */
  readonly warnings: readonly string[];
}
