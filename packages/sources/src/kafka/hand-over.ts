import { messageOf } from "@rouse/base";
import type { CloudEvent } from "@rouse/events";
import type { KafkaMessage } from "kafkajs";
import type { Sink, Undeliverable } from "../sink.ts";
import { consumedRecord, recordMessageId } from "./consumed-record.ts";
import { type KafkaShape, kafkaEvent } from "./mapping.ts";

/** What became of a record that was handed to the sink. */
export type HandedOver =
  | { readonly kind: "stored"; readonly duplicate: boolean }
  /** It can never be an event; the dead record is stored. */
  | { readonly kind: "buried" }
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterMs: number };

/** Where records go, and as what. */
export interface HandOverOptions {
  readonly uid: string;
  readonly shape: KafkaShape;
  readonly sink: Sink;
}

/** A record on its way to the sink; it may take several tries. */
export class HandOver {
  private readonly options: HandOverOptions;
  private readonly topic: string;
  private readonly partition: number;
  private readonly message: KafkaMessage;
  /** Set when it turned out that it can never be an event. */
  private undeliverable: Undeliverable | undefined;

  constructor(options: HandOverOptions, topic: string, partition: number, message: KafkaMessage) {
    this.options = options;
    this.topic = topic;
    this.partition = partition;
    this.message = message;
  }

  /** One try: the event is appended, or the dead record is stored. A sink that throws is one that is unavailable. */
  async try(): Promise<HandedOver> {
    const { uid, shape, sink } = this.options;
    const { topic, partition, message } = this;
    const messageId = recordMessageId(uid, topic, partition, message);
    try {
      if (this.undeliverable === undefined) {
        const mapped = kafkaEvent(consumedRecord(topic, partition, message), shape);
        if (mapped.kind === "event") {
          const answer = await sink.append(mapped.event, messageId);
          if (answer.kind !== "refused") return answer;
          this.undeliverable = this.refused(mapped.event, answer.reason);
        } else {
          this.undeliverable = this.invalid(mapped.reason, mapped.message);
        }
      }
      const answer = await sink.bury(this.undeliverable, messageId);
      return answer.kind === "stored" ? { kind: "buried" } : answer;
    } catch (thrown) {
      return { kind: "unavailable", reason: messageOf(thrown), retryAfterMs: 0 };
    }
  }

  private refused(event: CloudEvent, message: string): Undeliverable {
    return { reason: "event-refused", message, origin: this.origin(), event, raw: undefined };
  }

  private invalid(reason: string, message: string): Undeliverable {
    return { reason, message, origin: this.origin(), event: undefined, raw: this.message.value ?? new Uint8Array(0) };
  }

  private origin(): Undeliverable["origin"] {
    return { topic: this.topic, partition: this.partition, offset: this.message.offset };
  }
}
