import { ManualClock } from "@rouse/base";
import { noChecks } from "@rouse/resources";
import type { Context } from "./context.ts";
import type { Http, HttpRequest } from "./http.ts";
import type { ServerModule } from "./server-module.ts";

/** A context in memory, and what was written to it. */
export interface TestContext {
  readonly context: Context;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly requests: readonly { readonly url: string; readonly request: HttpRequest }[];
}

/** An answer of a fake server. */
export interface FakeAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

const serverModule: ServerModule = {
  version: "1.2.3",
  domainChecks: noChecks,
  findNatsServer: async () => undefined,
  startServer: async () => {
    throw new Error("there is no server in this test");
  },
  defaultConfig: {
    installation: "rouse",
    storage: { kind: "memory" },
    dataPlane: { host: "127.0.0.1", port: 8080 },
    admin: { host: "127.0.0.1", port: 8081 },
    adminAccess: { kind: "open" },
    adminHosts: [],
    watchWorkdirs: false,
    drainMs: 20_000,
    logLevel: "warn",
  },
};

/** Makes a context; without `answer` nothing listens anywhere. */
export function testContext(
  parts: {
    readonly answer?: (url: URL, request: HttpRequest) => FakeAnswer;
    readonly cwd?: string;
    readonly stdin?: string;
    readonly server?: Partial<ServerModule>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): TestContext {
  const out: string[] = [];
  const err: string[] = [];
  const requests: { url: string; request: HttpRequest }[] = [];
  const http: Http = async (url, request = {}) => {
    requests.push({ url, request });
    if (!parts.answer) throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const { status, json, text, headers = {} } = parts.answer(new URL(url), request);
    const body = text ?? (json === undefined ? "" : JSON.stringify(json));
    async function* lines(): AsyncGenerator<string> {
      yield* body.split("\n").filter((line) => line !== "");
    }
    return { status, headers, text: async () => body, lines };
  };
  const context: Context = {
    stdout: { write: (text) => void out.push(text), isTTY: false },
    stderr: { write: (text) => void err.push(text), isTTY: false },
    stdin: async () => parts.stdin ?? "",
    env: parts.env ?? {},
    cwd: parts.cwd ?? "/nowhere",
    pid: 1,
    clock: new ManualClock(),
    random: () => 0.5,
    uuid: () => "00000000-0000-4000-8000-000000000000",
    http,
    server: async () => ({ ...serverModule, ...parts.server }),
    interrupted: new AbortController().signal,
  };
  return { context, stdout: () => out.join(""), stderr: () => err.join(""), requests };
}
