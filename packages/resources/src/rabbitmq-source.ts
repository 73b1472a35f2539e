import type { CloudEventOverrides } from "./ce-overrides.ts";
import type { Destination } from "./destination.ts";
import type { RabbitmqClusterReference } from "./rabbitmq-connection.ts";
import type { ResourceObject, ResourceStatus } from "./resource-object.ts";

/** The specification of a RabbitmqSource; none of it can be changed. */
export interface RabbitmqSourceSpec {
  readonly rabbitmqClusterReference: RabbitmqClusterReference;
  readonly rabbitmqResourcesConfig: {
    /** Absent: that of the connection's URI, or `/`. */
    readonly vhost?: string | undefined;
    /** There unless predeclared. */
    readonly exchangeName?: string | undefined;
    readonly queueName: string;
    /** Messages in hand at once, 1 to 1000. There after defaults. */
    readonly parallelism: number;
    /** True: exchange, queue and binding are there already. There after defaults. */
    readonly predeclared: boolean;
  };
  readonly delivery?: RabbitmqDelivery | undefined;
  readonly ceOverrides?: CloudEventOverrides | undefined;
  readonly sink: Destination;
}

/** How often a message that the sink refused is tried again, before it is rejected to the queue's dead-letter exchange. */
export interface RabbitmqDelivery {
  readonly retry?: number | undefined;
  readonly backoffPolicy?: "linear" | "exponential" | undefined;
  /** An ISO 8601 duration. */
  readonly backoffDelay?: string | undefined;
}

/** The state of a RabbitmqSource. */
export interface RabbitmqSourceStatus extends ResourceStatus {
  readonly sinkUri?: string;
}

/** A source that reads a queue of RabbitMQ. */
export type RabbitmqSourceObject = ResourceObject<RabbitmqSourceSpec, RabbitmqSourceStatus>;
