import { sameSecret } from "../security/same-secret.ts";
import { mediaType } from "./negotiate.ts";
import { Refusal } from "./status.ts";

/** What the admin listener lets in. */
export interface GuardOptions {
  /** Names, or names with a port, under which it may be reached beside loopback. */
  readonly hosts?: readonly string[];
  /** Demanded as bearer token when set. */
  readonly token?: string;
  /** Paths that need no token; default `/healthz` and `/readyz`. */
  readonly openPaths?: readonly string[];
}

/** The parts of a request that the guard looks at. */
export interface GuardedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The port it came in by; undefined where there is no socket. */
  readonly port: number | undefined;
  /** Whether it came over TLS. */
  readonly secure: boolean;
}

const openPathsDefault = ["/healthz", "/readyz"];

/**
 * Keeps web pages and strangers away from the admin listener. A page in the user's browser can send requests to loopback:
 * under a name that it made point there (refused by Host), across origins (refused by Origin), or as a form, which needs
 * no permission (refused by content type).
 * @throws Refusal
 */
export function guard(request: GuardedRequest, options: GuardOptions): void {
  checkHost(request, options);
  checkOrigin(request);
  checkToken(request, options);
  checkContentType(request);
}

function checkHost(request: GuardedRequest, options: GuardOptions): void {
  const host = header(request, "host").toLowerCase();
  if (options.hosts?.some((each) => each.toLowerCase() === host || each.toLowerCase() === split(host)?.name)) return;
  const parts = split(host);
  const standard = request.secure ? 443 : 80;
  const portFits = request.port === undefined || (parts?.port ?? standard) === request.port;
  if (parts && isLoopback(parts.name) && portFits) return;
  throw new Refusal(
    "Forbidden",
    `host ${JSON.stringify(host.slice(0, 100))} is not served here: expected a loopback name with the port of this listener, or a configured host`,
  );
}

function checkOrigin(request: GuardedRequest): void {
  const origin = header(request, "origin");
  if (origin === "" && request.headers.origin === undefined) return;
  const own = `${request.secure ? "https" : "http"}://${header(request, "host")}`;
  if (origin.toLowerCase() === own.toLowerCase()) return;
  throw new Refusal("Forbidden", `origin ${JSON.stringify(origin.slice(0, 100))} must not use this listener`);
}

function checkToken(request: GuardedRequest, { token, openPaths = openPathsDefault }: GuardOptions): void {
  if (token === undefined || openPaths.includes(request.path)) return;
  const [scheme = "", given = ""] = header(request, "authorization").split(/\s+/);
  const right = sameSecret(given, token);
  if (scheme.toLowerCase() !== "bearer" || !right) throw new Refusal("Unauthorized", "Unauthorized");
}

function checkContentType(request: GuardedRequest): void {
  if (["GET", "HEAD", "OPTIONS"].includes(request.method)) return;
  const given = header(request, "content-type");
  const bodyless = header(request, "content-length") === "0" || request.headers["content-length"] === undefined;
  const empty = given === "" && bodyless && request.headers["transfer-encoding"] === undefined;
  if (empty || mediaType(given) !== undefined) return;
  throw unsupported(given, "application/json, application/yaml, application/merge-patch+json");
}

/** The answer to a content type that is not taken. */
export function unsupported(given: string, accepted: string): Refusal {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new Refusal("UnsupportedMediaType", given === "" ? `${message} (there is no content-type)` : message);
}

/** True for the names of this machine that no other can have. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(name);
}

function split(host: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::(\d{1,5}))?$/.exec(host);
  return match ? { name: match[1]!, port: match[2] === undefined ? undefined : Number(match[2]) } : undefined;
}

function header(request: GuardedRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
