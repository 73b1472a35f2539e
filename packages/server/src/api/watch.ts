import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "@rouse/base";
import { apiVersionOf, type KindDefinition } from "@rouse/resources";
import type { Change, Entry, JsonObject, Store } from "../store/port.ts";
import { select } from "./list.ts";
import { flag, parameter } from "./negotiate.ts";
import type { Selector } from "./selectors.ts";
import { Refusal } from "./status.ts";
import { type Reading, toView } from "./view.ts";

/** A watch as it was asked for. */
export interface WatchRequest {
  readonly kind: KindDefinition;
  readonly namespace: string | undefined;
  readonly wanted: Selector;
  readonly bookmarks: boolean;
  /** Sends what exists first, and then a bookmark that says so. */
  readonly initialEvents: boolean;
  /** Changes after this revision; undefined: what exists first. */
  readonly after: number | undefined;
  readonly durationMs: number;
}

const bookmarkEveryMs = 60_000;
/** A client that is this far behind is cut off; it resumes with the last resourceVersion it read. */
const backlogMaxBytes = 8 * 1024 * 1024;

/** Reads the query of a watch. Without `timeoutSeconds` it ends after 30 to 60 minutes, so that clients spread out. */
export function readWatch(
  kind: KindDefinition,
  namespace: string | undefined,
  wanted: Selector,
  query: Readonly<Record<string, unknown>>,
  random: () => number,
): WatchRequest {
  const seconds = Number(parameter(query, "timeoutSeconds") ?? 0);
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new Refusal("BadRequest", "expected timeoutSeconds to be a number of seconds");
  }
  const version = parameter(query, "resourceVersion") ?? "";
  if (!/^\d{0,16}$/.test(version)) throw new Refusal("BadRequest", `invalid resource version "${version}"`);
  const initialEvents = flag(query, "sendInitialEvents");
  return {
    kind,
    namespace,
    wanted,
    bookmarks: flag(query, "allowWatchBookmarks"),
    initialEvents,
    after: initialEvents || version === "" || version === "0" ? undefined : Number(version),
    durationMs: seconds > 0 ? seconds * 1000 : (30 + 30 * random()) * 60_000,
  };
}

/** The watches that are open, to end them all when the listener closes. */
export class Watches {
  private readonly open = new Set<() => void>();
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly reading: Reading | undefined;

  constructor(store: Store, clock: Clock, reading?: Reading) {
    this.store = store;
    this.clock = clock;
    this.reading = reading;
  }

  /** Streams one JSON line per event into `response` until the client leaves, time is up, or {@link close}. */
  async stream(request: WatchRequest, response: () => ServerResponse): Promise<void> {
    if (request.after === undefined) await this.store.fresh();
    else await this.expectKnown(request.after);
    // From here to the subscription nothing awaits: no change can fall between what exists and what follows.
    const existing = request.after === undefined ? this.existing(request) : [];
    const pending: JsonObject[] = [];
    let send = (event: JsonObject): void => {
      pending.push(event);
    };
    const { group, plural } = request.kind;
    const { namespace, after } = request;
    const started = this.store.watch(
      { group, plural, ...(namespace === undefined ? {} : { namespace }), ...(after === undefined ? {} : { after }) },
      (change) => {
        const event = toEvent(change, request.wanted, request.kind, this.reading);
        if (event) send(event);
      },
    );
    if (started.kind === "expired") throw expired(request.after!, this.store.revision);
    send = this.run(request, response(), () => started.close());
    for (const event of [...existing, ...pending]) send(event);
  }

  /** Ends every watch. */
  close(): void {
    for (const end of [...this.open]) end();
  }

  /** A revision of the near future is waited for; what lies further ahead is of a store that is gone. */
  private async expectKnown(revision: number): Promise<void> {
    if (revision <= this.store.revision) return;
    await this.store.fresh();
    if (revision > this.store.revision) throw expired(revision, this.store.revision);
  }

  private existing(request: WatchRequest): JsonObject[] {
    const entries = select(this.store, request.kind, request.namespace, request.wanted);
    const events = entries.map((entry) => toLine("ADDED", entry, request.kind, this.reading));
    if (!request.initialEvents) return events;
    const end = bookmark(request.kind, this.store.revision, { "k8s.io/initial-events-end": "true" });
    return [...events, end];
  }

  private run(request: WatchRequest, raw: ServerResponse, stop: () => void): (event: JsonObject) => void {
    let timers: Timer[] = [];
    const end = () => {
      this.open.delete(end);
      stop();
      for (const timer of timers) timer.cancel();
      timers = [];
      raw.end();
    };
    const write = (event: JsonObject) => {
      raw.write(`${JSON.stringify(event)}\n`);
      if (raw.writableLength <= backlogMaxBytes) return;
      end();
      raw.destroy();
    };
    const mark = () => {
      write(bookmark(request.kind, this.store.revision));
      if (this.open.has(end)) timers[1] = this.clock.setTimer(bookmarkEveryMs, mark);
    };
    timers.push(
      this.clock.setTimer(request.durationMs, () => {
        if (request.bookmarks) write(bookmark(request.kind, this.store.revision));
        end();
      }),
    );
    if (request.bookmarks) timers.push(this.clock.setTimer(bookmarkEveryMs, mark));
    raw.on("close", end);
    raw.on("error", end);
    this.open.add(end);
    raw.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    // Clients such as `kubectl wait` block until the first bytes are there.
    raw.flushHeaders();
    return write;
  }
}

/** A change as one sees it who looks through a selector: what leaves the selection is deleted, what enters is added. */
export function toEvent(
  change: Change,
  wanted: Selector,
  kind: KindDefinition,
  reading?: Reading,
): JsonObject | undefined {
  const is = wanted(change.entry.object);
  const was = change.before !== undefined && wanted(change.before.object);
  if (change.kind === "DELETED") return was ? toLine("DELETED", change.entry, kind) : undefined;
  if (is) return toLine(was ? "MODIFIED" : "ADDED", change.entry, kind, reading);
  return was ? toLine("DELETED", { ...change.before!, revision: change.revision }, kind) : undefined;
}

function toLine(
  type: "ADDED" | "MODIFIED" | "DELETED",
  entry: Entry,
  kind: KindDefinition,
  reading?: Reading,
): JsonObject {
  return { type, object: toView(entry, kind, reading) };
}

function bookmark(kind: KindDefinition, revision: number, annotations?: JsonObject): JsonObject {
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
  return { type: "BOOKMARK", object: { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata } };
}

function expired(revision: number, present: number): Refusal {
  return new Refusal("Expired", `too old resource version: ${revision} (${present})`);
}
