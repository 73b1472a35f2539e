import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Ledger } from "./ledger.ts";

/** Opens the subscriber of all triggers: `/<place>` takes events and notes them in the ledger. Answers 202 at once. */
export async function openSink(ledger: Ledger): Promise<string> {
  const server = createServer((request, response) => {
    const at = performance.now();
    const place = Number(request.url!.slice(1));
    const id = request.headers["ce-id"];
    if (typeof id === "string") {
      ledger.delivered(Number(id), place, at);
      request.resume();
    } else {
      void bodyOf(request).then((body) => ledger.delivered(Number(idOf(body)), place, at));
    }
    response.writeHead(202, { "content-length": "0" });
    response.end();
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function idOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { id?: unknown }).id;
  } catch {
    return undefined;
  }
}
