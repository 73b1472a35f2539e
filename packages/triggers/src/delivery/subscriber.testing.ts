import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the subscriber saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A real HTTP server on a free port of the loopback; disposing cuts its connections. */
export interface TestSubscriber extends AsyncDisposable {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Resolves when a request has come in whole and has not been taken yet. */
  next(): Promise<SeenRequest>;
}

/** Starts a subscriber that answers with `answer` once the request is complete. */
export async function startSubscriber(
  answer: (response: ServerResponse, request: SeenRequest) => void,
): Promise<TestSubscriber> {
  const seen: SeenRequest[] = [];
  const untaken: SeenRequest[] = [];
  const waiting: ((request: SeenRequest) => void)[] = [];
  const listener: RequestListener = (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(request);
      const taker = waiting.shift();
      if (taker) taker(request);
      else untaken.push(request);
      answer(response, request);
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/path?q=1`,
    seen,
    next: () => {
      const request = untaken.shift();
      return request ? Promise.resolve(request) : new Promise((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
