import { once } from "node:events";
import { connect } from "node:net";

/** What came back over a connection on which a test wrote the bytes itself. */
export interface RawAnswer {
  /** 0 when the connection ended without a status line. */
  readonly status: number;
  readonly text: string;
}

/** Writes the bytes to the port of the URL and reads until the other side closes, or nothing more comes for a second. */
export async function rawRequest(url: string, bytes: string | Uint8Array, then?: "cut"): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  if (then === "cut") {
    await new Promise((resolve) => socket.write(bytes, resolve));
    socket.resetAndDestroy();
    return { status: 0, text };
  }
  socket.write(bytes);
  socket.setTimeout(1_000, () => socket.destroy());
  await once(socket, "close");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}
