import { createServer, type Server } from "node:net";

/**
 * Below what Linux (32768) and macOS (49152) hand to outgoing connections: a port from their range could be taken by
 * any connection between our look and the child's bind.
 */
const lowest = 20_000;
const highest = 31_999;
const rememberedMax = 1024;
const triesMax = 200;

/** A port that we listen on ourselves until it is needed, so that nobody else takes it. */
interface Reserved {
  readonly port: number;
  free(): void;
}

/**
 * Finds loopback ports that nobody listens on, and does not give one twice in a while: a pooled connection to an ended
 * instance must not meet another one. `prepare` keeps the next port reserved, because looking for one costs a
 * millisecond of a cold start; the reservation does not keep our process alive.
 */
export class FreePorts {
  private readonly recent = new Set<number>();
  private readonly random: () => number;
  private next: Promise<Reserved | undefined> | undefined;

  constructor(random: () => number) {
    this.random = random;
  }

  /** A port that is free on 127.0.0.1 and ::1 now, or undefined when none was found. */
  async take(): Promise<number | undefined> {
    const mine = this.next ?? this.reserve();
    // Taken out at once: two callers must not get the same one.
    this.next = undefined;
    const reserved = await mine;
    reserved?.free();
    return reserved?.port;
  }

  /** Reserves a port for the next `take`; to be called when there is time. */
  prepare(): void {
    this.next ??= this.reserve();
  }

  private async reserve(): Promise<Reserved | undefined> {
    for (let n = 0; n < triesMax; n++) {
      const port = lowest + Math.floor(this.random() * (highest - lowest + 1));
      if (this.recent.has(port)) continue;
      this.remember(port);
      const held = await Promise.all([hold("127.0.0.1", port), hold("::1", port)]);
      const free = () => {
        for (const server of held) if (server !== "taken") server?.close();
      };
      if (!held.includes("taken")) return { port, free };
      free();
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

/** Listens on the port; undefined on a machine without that address family, where nobody can have taken it. */
function hold(host: string, port: number): Promise<Server | "taken" | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once("error", (failure: NodeJS.ErrnoException) => {
      resolve(failure.code === "EADDRINUSE" || failure.code === "EACCES" ? "taken" : undefined);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
