import { createHmac } from "node:crypto";
import { ManualClock } from "@rouse/base";
import { MemorySink } from "../memory-sink.testing.ts";
import type { HttpSourceDefinition } from "./definition.ts";
import type { HookAnswer, HookRequest } from "./hook.ts";
import { createHttpSource } from "./http-source.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

export const secret = "s3cret-of-tests";

/** A source named `default/hook` of which a test sets what it is about. */
export function definitionOf(changes: Partial<HttpSourceDefinition> = {}): HttpSourceDefinition {
  return {
    uid: "uid-1",
    namespace: "default",
    name: "hook",
    preset: "none",
    secrets: changes.preset === undefined || changes.preset === "none" ? [] : [bytes(secret)],
    signature: undefined,
    toleranceMs: 300_000,
    event: {},
    maxBytes: 1024 * 1024,
    ceOverrides: undefined,
    ...changes,
  };
}

/** HMAC by Node's own crypto, written without the code under test. */
export function hmacOf(text: string | Uint8Array, key: string | Uint8Array = secret, algorithm = "sha256") {
  return createHmac(algorithm, key).update(text).digest();
}

export interface Sent {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: string | Uint8Array;
}

/** A started source on a sink in memory; the clock stands at 2026-01-31T12:00:00Z. */
export function startHook(changes: Partial<HttpSourceDefinition> = {}) {
  const clock = new ManualClock(Date.parse("2026-01-31T12:00:00Z"));
  const sink = new MemorySink(clock);
  let chance = 0;
  const random = () => {
    chance = (chance + 0.137) % 1;
    return chance;
  };
  const source = createHttpSource({ definition: definitionOf(changes), sink, clock, random });
  source.start();
  const abort = new AbortController();
  const send = ({ method = "POST", query = "", headers = {}, body = "" }: Sent): Promise<HookAnswer> => {
    const request: HookRequest = {
      method,
      path: "/-/hooks/default/hook",
      query: new URLSearchParams(query),
      headers,
      body: typeof body === "string" ? bytes(body) : body,
    };
    return source.receive(request, abort.signal);
  };
  return { abort, clock, send, sink, source, seconds: () => Math.floor(clock.now() / 1_000) };
}

/** The code of a refusal. */
export function codeOf(answer: HookAnswer): string | undefined {
  return answer.body.kind === "problem" ? answer.body.problem.code : undefined;
}
