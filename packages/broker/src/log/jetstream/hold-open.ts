import { MessageChannel } from "node:worker_threads";

/**
 * Keeps the process running while `work` is under way. The clock's timers do not, so a process with nothing else to do
 * would exit in the middle of a wait that consists of them.
 */
export async function holdOpen<T>(work: () => Promise<T>): Promise<T> {
  const { port1: handle } = new MessageChannel();
  handle.ref();
  try {
    return await work();
  } finally {
    handle.close();
  }
}
