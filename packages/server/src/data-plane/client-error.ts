import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Refusal, renderProblem } from "./problem.ts";

/**
 * The answer to what Node cannot read as a request, and to a request that takes too long to arrive, unless `mayBeSlow`
 * says that its connection has time. Whatever it is, the connection ends.
 */
export function answerClientError(
  failure: NodeJS.ErrnoException,
  socket: Socket,
  mayBeSlow: (socket: Socket) => boolean,
): void {
  if (failure.code === "ECONNRESET" || socket.destroyed) return;
  if (failure.code === "ERR_HTTP_REQUEST_TIMEOUT" && mayBeSlow(socket)) return;
  if (socket.writable) socket.write(rawAnswer(refusalOf(failure.code)));
  socket.destroy();
}

/** A problem document as a whole HTTP/1.1 answer, the connection's last. */
export function rawAnswer(refusal: Refusal, more: Readonly<Record<string, string>> = {}): Buffer {
  const { headers, body } = renderProblem(refusal);
  const all = { ...headers, ...more, "content-length": String(body.length), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? "Error"}\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

function refusalOf(code: string | undefined): Refusal {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, code: "REQUEST_TOO_SLOW", detail: "the request took too long to arrive" };
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, code: "HEADERS_TOO_LARGE", detail: "the headers are larger than can be taken" };
    default:
      return { status: 400, code: "REQUEST_INVALID", detail: "the request cannot be read" };
  }
}
