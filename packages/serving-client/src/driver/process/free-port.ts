import { createServer } from "node:net";

/**
 * Below what Linux (32768) and macOS (49152) hand to outgoing connections: a port from their range could be taken by
 * any connection between our look and the child's bind.
 */
const lowest = 20_000;
const highest = 31_999;
const rememberedMax = 1024;
const triesMax = 200;

/** Finds loopback ports that nobody listens on, and does not give one twice in a while: a pooled connection to an ended instance must not meet another one. */
export class FreePorts {
  private readonly recent = new Set<number>();
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** A port that was free on 127.0.0.1 and ::1 a moment ago, or undefined when none was found. */
  async take(): Promise<number | undefined> {
    for (let n = 0; n < triesMax; n++) {
      const port = lowest + Math.floor(this.random() * (highest - lowest + 1));
      if (this.recent.has(port)) continue;
      this.remember(port);
      const free = await Promise.all([canListen("127.0.0.1", port), canListen("::1", port)]);
      if (free.every(Boolean)) return port;
    }
    return undefined;
  }

  private remember(port: number): void {
    this.recent.add(port);
    if (this.recent.size <= rememberedMax) return;
    const oldest = this.recent.values().next();
    if (!oldest.done) this.recent.delete(oldest.value);
  }
}

/** Whether the port can be bound; a machine without that address family cannot have it taken. */
function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (failure: NodeJS.ErrnoException) =>
      resolve(failure.code !== "EADDRINUSE" && failure.code !== "EACCES"),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
