import { randomBytes } from "node:crypto";
import type { Entry, JsonObject, ObjectId, ResourceType } from "../store/port.ts";
import { isSealed, nonceBytes, type Opened, open, seal, sealedWith } from "./seal.ts";
import { SecretFault } from "./secret-fault.ts";
import type { SealingKeys } from "./secret-key.ts";

/** Where Secrets are in the store. */
export const secretType = { group: "", plural: "secrets" } as const satisfies ResourceType;

/** True for the id of a Secret. */
export function isSecret(id: ResourceType): boolean {
  return id.group === secretType.group && id.plural === secretType.plural;
}

/** What a vault works with. */
export interface VaultOptions {
  readonly keys: SealingKeys;
  /** Told of every plain value that passes, so that it can be kept out of everything that is shown. */
  readonly learn?: (value: Buffer, key: string) => void;
  /** Gives so many random bytes; default the system's. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * The one place where the values of Secrets are sealed and opened. A document outside of it has values that are sealed,
 * or, on their way in, base64 as in Kubernetes.
 */
export class Vault {
  private readonly options: Required<VaultOptions>;

  constructor(options: VaultOptions) {
    this.options = { learn: () => undefined, random: randomBytes, ...options };
  }

  /**
   * The document with every value sealed; those that are already stay as they are. Throws SECRET_KEY_ABSENT when there
   * is something to seal and no key.
   */
  seal(id: ObjectId, object: JsonObject): JsonObject {
    const data = object.data as Readonly<Record<string, string>> | undefined;
    if (data === undefined) return object;
    const sealed = Object.entries(data).map(([name, text]) => [name, this.sealOne(id, uidOf(object), name, text)]);
    return { ...object, data: Object.fromEntries(sealed) };
  }

  /** True for a value that was sealed with the key of now; another one is to be sealed anew when it is written. */
  isCurrent(text: string): boolean {
    const [key] = this.options.keys;
    return key !== undefined && sealedWith(text) === key.id;
  }

  /** Opens the values of a stored Secret, by their names. */
  open({ id, uid, object }: Entry): ReadonlyMap<string, Opened> {
    const data = (object.data ?? {}) as Readonly<Record<string, string>>;
    return new Map(Object.entries(data).map(([name, text]) => [name, this.openOne(id, uid, name, text)]));
  }

  private sealOne(id: ObjectId, uid: string, name: string, text: string): string {
    if (isSealed(text)) return text;
    const [key] = this.options.keys;
    if (!key) {
      throw new SecretFault(
        "SECRET_KEY_ABSENT",
        `secret ${id.namespace}/${id.name} cannot be stored: there is no key to seal it with`,
        {
          hint: "make a key (openssl rand -out FILE 32 && chmod 600 FILE) and start every server with --secret-key-file FILE, or take the values from files or variables (rouse.dev/from-file, rouse.dev/from-env)",
        },
      );
    }
    const value = Buffer.from(text, "base64");
    this.options.learn(value, name);
    return seal(value, key, placeOf(id, uid, name), this.options.random(nonceBytes));
  }

  private openOne(id: ObjectId, uid: string, name: string, text: string): Opened {
    const opened = open(text, this.options.keys, placeOf(id, uid, name));
    if (opened.kind === "opened") this.options.learn(opened.value, name);
    return opened;
  }
}

/** Whose value it is. With the uid, lest what was sealed for an object that is gone opens in its successor. */
function placeOf(id: ObjectId, uid: string, name: string): string[] {
  return [id.namespace, id.name, uid, name];
}

function uidOf(object: JsonObject): string {
  return String((object.metadata as JsonObject | undefined)?.uid ?? "");
}
