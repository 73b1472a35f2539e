import type { Refusal } from "./problem.ts";

/** The instance was there and did not answer. */
export const instanceFailed: Refusal = {
  status: 502,
  code: "SERVER_SERVICE_FAILED",
  detail: "the instance of the service closed the connection, or did not answer in HTTP",
  hint: "rouse logs shows what it printed; whether it has done what it was asked is unknown",
};

/** The Service's own time limit is over. */
export const instanceTookTooLong: Refusal = {
  status: 504,
  code: "SERVER_SERVICE_TIMEOUT",
  detail: "the service has not answered within its timeoutSeconds",
  hint: "raise timeoutSeconds, or let the service answer before the work is done",
};

/** True when nothing listened: the app has seen nothing of the call. */
export function isRefused(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === "ECONNREFUSED";
}

/** True when the connection ended before there was an answer. */
export function isReset(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}
