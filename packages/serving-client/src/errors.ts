import { Fault } from "@rouse/base";

/** What can go wrong here, as stable codes. */
export type ServingCode = "SERVING_WORKLOAD_INVALID" | "SERVING_CLOSED";

/** An error of the serving client. A workload that cannot start is not one of these: it is a status and a held answer. */
export class ServingFault extends Fault<ServingCode> {}
