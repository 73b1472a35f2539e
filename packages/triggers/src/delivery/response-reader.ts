import type { Dispatcher } from "undici";
import type { ReadBody, ResponseHeaders } from "./reply.ts";

/** A response as it came; `broken` when the connection failed after the headers. */
export interface ReadResponse extends ReadBody {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly broken: Error | undefined;
}

/** How one exchange ended: with a response, or before its headers came. */
export type Exchange =
  | { readonly kind: "response"; readonly response: ReadResponse }
  | { readonly kind: "failed"; readonly failure: Error };

/** How much of a body that nobody wants is read, to keep the connection; a longer one costs the connection. */
const drainMax = 64 * 1024;

/** Why an exchange is cut short; seen by nobody outside. */
export class Cut extends Error {}

/**
 * Takes in one response and tells its end once. A body is kept as far as `keepMax` of its headers says; one that is
 * longer than that and than what draining is worth is cut off, and its connection closed.
 */
export class ResponseReader implements Dispatcher.DispatchHandler {
  private readonly keepMax: (status: number, headers: ResponseHeaders) => number;
  private ended: ((exchange: Exchange) => void) | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private aborted: Error | undefined;
  private status = 0;
  private headers: ResponseHeaders = {};
  private keep = 0;
  private length = 0;
  private chunks: Buffer[] = [];

  constructor(keepMax: (status: number, headers: ResponseHeaders) => number, ended: (exchange: Exchange) => void) {
    this.keepMax = keepMax;
    this.ended = ended;
  }

  /** Ends the exchange now: with what has come, or with this failure when no status has. */
  abort(failure: Error): void {
    this.aborted = failure;
    this.end(failure);
    this.controller?.abort(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Aborted while it waited for a connection: it is not sent.
    if (this.aborted) controller.abort(this.aborted);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    // 1xx come before the response and say nothing here.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.keep = this.keepMax(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.length < this.keep) this.chunks.push(chunk);
    this.length += chunk.length;
    if (this.length <= Math.max(this.keep, drainMax)) return;
    this.end(undefined);
    controller.abort(new Cut("the response is longer than anyone reads"));
  }

  onResponseEnd(): void {
    this.end(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, failure: Error): void {
    this.end(failure);
  }

  private end(failure: Error | undefined): void {
    const ended = this.ended;
    if (ended === undefined) return;
    this.ended = undefined;
    if (this.status === 0) {
      ended({ kind: "failed", failure: failure ?? new Error("there was no response") });
      return;
    }
    const kept = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    this.chunks = [];
    const { status, headers } = this;
    const bytes = kept.subarray(0, this.keep);
    ended({ kind: "response", response: { status, headers, bytes, cut: this.length > this.keep, broken: failure } });
  }
}
