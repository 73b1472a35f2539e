import { ManualClock } from "@rouse/base";
import { admit, kinds, noChecks } from "@rouse/resources";
import fastify, { type FastifyInstance, type InjectOptions } from "fastify";
import { keyBytes, sealingKey } from "../secrets/seal.ts";
import { SealedStore } from "../secrets/sealed-store.ts";
import { Vault } from "../secrets/vault.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { JsonObject, Store } from "../store/port.ts";
import { answerFrameworkError, createAdminApi, guardAdmin } from "./admin-api.ts";
import type { GuardOptions } from "./guard.ts";
import type { AdminHooks } from "./options.ts";
import type { Reading } from "./view.ts";

/** An admin API on a store, for tests. */
export interface ApiRig extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: ManualClock;
  readonly failures: unknown[];
  /** Sends a request; a body that is an object goes as JSON. */
  send(method: string, url: string, body?: JsonObject | string, headers?: Record<string, string>): Promise<Sent>;
}

/** What came back. */
export interface Sent {
  readonly code: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every shape
  readonly body: any;
}

/** Where the triggers of `default` are. */
export const triggers = "/apis/eventing.knative.dev/v1/namespaces/default/triggers";

/** A valid trigger. */
export function trigger(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: "eventing.knative.dev/v1",
    kind: "Trigger",
    metadata: { name, ...metadata },
    spec: { broker: "default", subscriber: { uri: "http://127.0.0.1:9/" }, ...spec },
  };
}

export async function apiRig(
  options: { hooks?: AdminHooks; guard?: GuardOptions; reading?: Reading; store?: Store; vault?: Vault } = {},
): Promise<ApiRig> {
  const clock = new ManualClock();
  const vault = options.vault ?? new Vault({ keys: [sealingKey(Buffer.alloc(keyBytes, 1))] });
  const store = options.store ?? new SealedStore(new MemoryStore({ clock }), vault);
  const failures: unknown[] = [];
  const app = fastify({ forceCloseConnections: true, frameworkErrors: answerFrameworkError });
  guardAdmin(app, options.guard ?? {}, (failure) => void failures.push(failure));
  const { hooks, reading } = options;
  const admitted = (document: unknown, how: object) => admit(document, noChecks, how);
  app.register(
    createAdminApi({
      store,
      vault,
      clock,
      random: () => 0.5,
      kinds,
      admit: admitted,
      version: "0.1.0",
      ...(hooks ? { hooks } : {}),
      ...(reading ? { reading } : {}),
    }),
  );
  await app.ready();
  return {
    app,
    store,
    vault,
    clock,
    failures,
    async send(method, url, body, headers = {}) {
      const typed = body === undefined || "content-type" in headers ? {} : { "content-type": "application/json" };
      const answer = await app.inject({
        method: method as NonNullable<InjectOptions["method"]>,
        url,
        headers: { host: "127.0.0.1:80", ...typed, ...headers } as Record<string, string>,
        ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return { code: answer.statusCode, headers: answer.headers, body: answer.body === "" ? undefined : answer.json() };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      if (!options.store) await store[Symbol.asyncDispose]();
    },
  };
}
