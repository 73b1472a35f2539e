import { Fault } from "@rouse/base";

/** Why a server does not start. */
export type ServerFaultCode =
  /** The admin listener would be reachable by others without TLS and a token. */
  | "SERVER_UNPROTECTED"
  /** Something else listens on the port. */
  | "SERVER_PORT_TAKEN"
  /** The address cannot be bound for another reason. */
  | "SERVER_CANNOT_LISTEN";

/** A server that cannot be started as configured. */
export class ServerFault extends Fault<ServerFaultCode> {}
