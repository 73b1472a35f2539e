/** What the bench's instance says of a request that it has answered. Milliseconds; `machine`: of the clock that all processes share. */
export interface Answer {
  /** Of the event. */
  readonly id: string;
  /** `time` of the event, milliseconds since the epoch; NaN without one. */
  readonly planned: number;
  /** The kernel took connections. */
  readonly listened: { readonly machine: number; readonly wall: number };
  /** The request came to the program. */
  readonly arrived: { readonly machine: number; readonly wall: number };
}

/** Header of the answers that {@link readAnswer} reads. */
export const answerHeader = "bench-answer";

/**
 * A program that listens on PORT of loopback and answers 202 with an {@link Answer}. `before` runs first. It writes nothing
 * on the way, so that it delays nobody.
 */
export function instanceProgram(before = ""): string {
  return `${before}
const now = () => ({ machine: Number(process.hrtime.bigint()) / 1e6, wall: performance.timeOrigin + performance.now() });
let listened;
require("node:http").createServer((request, response) => {
  const arrived = now();
  const { "ce-id": id, "ce-time": time } = request.headers;
  request.resume();
  if (typeof delivered === "function") delivered(id);
  const answer = JSON.stringify({ id, planned: time ? Date.parse(time) : null, listened, arrived });
  response.writeHead(202, { "${answerHeader}": answer }).end();
}).listen(Number(process.env.PORT), process.env.BENCH_HOST ?? "127.0.0.1", () => { listened = now(); });
`;
}

/** Reads the header's value. */
export function readAnswer(value: string): Answer {
  const { planned, ...rest } = JSON.parse(value) as Omit<Answer, "planned"> & { readonly planned: number | null };
  return { ...rest, planned: planned ?? Number.NaN };
}
