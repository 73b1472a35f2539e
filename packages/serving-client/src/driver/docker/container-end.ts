import type { Readable } from "node:stream";
import { type Clock, sleep } from "@rouse/base";
import type Docker from "dockerode";
import { isLost } from "./engine-refusals.ts";

/** After a broken connection the engine is asked again this often before the container counts as gone with it. */
const asksMax = 8;
const askAgainMs = 250;

/**
 * Waits for the end of a container that was started; resolves to its exit code, or to undefined when the engine stays away
 * or does not know the container any more. Never rejects.
 */
export async function containerEnd(docker: Docker, id: string, clock: Clock): Promise<number | undefined> {
  for (let asks = 0; asks < asksMax; asks++) {
    try {
      return await waited(docker, id);
    } catch (failure) {
      if (!isLost(failure)) return undefined;
      await sleep(clock, askAgainMs);
    }
  }
  return undefined;
}

/** The engine begins its answer at once: the client itself would wait for ever for the rest of one that was cut off. */
async function waited(docker: Docker, id: string): Promise<number> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    const asked = {
      path: `/containers/${id}/wait`,
      method: "POST",
      isStream: true,
      statusCodes: { 200: true, 404: "no such container", 500: "server error" },
    };
    docker.modem.dial(asked as never, (failure, answer) => (failure ? reject(failure) : resolve(answer as Readable)));
  });
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return (JSON.parse(text) as { readonly StatusCode: number }).StatusCode;
}
