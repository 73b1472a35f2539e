import type { SinkStatus } from "./kafka-sink.ts";
import type { RabbitmqClusterReference } from "./rabbitmq-connection.ts";
import type { ResourceObject } from "./resource-object.ts";

/** The specification of a RabbitmqSink. */
export interface RabbitmqSinkSpec {
  readonly rabbitmqClusterReference: RabbitmqClusterReference;
  /** Absent: that of the connection's URI, or `/`. */
  readonly vhost?: string | undefined;
  /** The exchange, which must be there; empty is the default exchange, which routes by queue name. */
  readonly exchangeName: string;
  /** There after defaults; may be empty. */
  readonly routingKey: string;
  /** There after defaults. */
  readonly contentMode: "binary" | "structured";
}

/** An addressable that publishes events to an exchange of RabbitMQ. */
export type RabbitmqSinkObject = ResourceObject<RabbitmqSinkSpec, SinkStatus>;
