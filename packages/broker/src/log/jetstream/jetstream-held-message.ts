import type { Msg } from "@nats-io/transport-node";
import type { HeldMessage, MessageHeaders } from "../engine.ts";
import { parseAckSubject } from "./ack-subject.ts";
import type { Link } from "./link.ts";
import { nanosPerMs } from "./stream-config.ts";
import { decodeHeaders } from "./wire-headers.ts";

const encoder = new TextEncoder();
const ackPayload = encoder.encode("+ACK");
const nakPayload = encoder.encode("-NAK");
const workingPayload = encoder.encode("+WPI");

/** A message delivered by JetStream. Subject, headers and data are decoded when they are asked for. */
export class JetstreamHeldMessage implements HeldMessage {
  readonly sequence: number;
  readonly storedAt: number;
  readonly pending: number;
  readonly deliveries: number;
  private readonly message: Msg;
  private readonly link: Link;
  private readonly reply: string;
  private readonly released: () => void;
  private decoded: MessageHeaders | undefined;
  private settled = false;

  /** @param released told once, when the message is settled. */
  constructor(message: Msg, reply: string, link: Link, released: () => void) {
    const told = parseAckSubject(reply);
    this.sequence = told.sequence;
    this.storedAt = told.storedAt;
    this.pending = told.pending;
    this.deliveries = told.deliveries;
    this.message = message;
    this.reply = reply;
    this.link = link;
    this.released = released;
  }

  get subject(): string {
    return this.message.subject;
  }

  get headers(): MessageHeaders {
    this.decoded ??= decodeHeaders(this.message.headers);
    return this.decoded;
  }

  get data(): Uint8Array {
    return this.message.data;
  }

  ack(): void {
    this.settle(ackPayload);
  }

  nak(delayMs = 0): void {
    const delay = Math.round(delayMs * nanosPerMs);
    this.settle(delay > 0 ? encoder.encode(`-NAK {"delay": ${delay}}`) : nakPayload);
  }

  working(): void {
    if (!this.settled) this.link.send(this.reply, workingPayload);
  }

  private settle(payload: Uint8Array): void {
    if (this.settled) return;
    this.settled = true;
    this.link.sendBatched(this.reply, payload);
    this.released();
  }
}
