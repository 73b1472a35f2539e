import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

const named = new Set(["upgrade", "http2-settings"]);

/**
 * Gives a request back to the server as one that asks for no upgrade. Some HTTP clients offer h2c with their first
 * request, which may be ignored (RFC 9110, 7.8); Node, once it has an `upgrade` listener, hands over all that offer
 * anything. The request is put before what is still to be read, without the offer, and read again.
 */
export function serveAsIfNotUpgraded(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const value = rawHeaders[at + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "connection") lines.push(...connectionWithout(value));
    else if (!named.has(lower)) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

function connectionWithout(value: string): readonly string[] {
  const left = value.split(",").filter((token) => !named.has(token.trim().toLowerCase()));
  return left.length === 0 ? [] : [`Connection: ${left.join(",")}`];
}
