export {
  type AmqpMessage,
  type DecodedAmqp,
  decodeAmqp,
  type EncodedAmqp,
  encodeAmqp,
} from "./amqp-codec.ts";
export { attributeText, isAttributeName } from "./attributes.ts";
export { EventFault, type EventFaultCode } from "./errors.ts";
export type { AttributeValue, CloudEvent, EventAttributes } from "./event.ts";
export { type AttributesInput, createEvent, withAttributes } from "./event-builder.ts";
export {
  type ContentMode,
  decodeHttp,
  type EncodedHttp,
  encodeHttp,
  encodeHttpBatch,
  type HttpHeaders,
  type HttpMessage,
} from "./http-codec.ts";
export { identityOf } from "./identity.ts";
export { decodeJson, decodeJsonBatch, encodeJson, encodeJsonBatch } from "./json-codec.ts";
export {
  type DecodedKafka,
  decodeKafka,
  type EncodedKafka,
  encodeKafka,
  type KafkaHeader,
} from "./kafka-codec.ts";
export { attributesBytesMax } from "./limits.ts";
export { isCloudEventsMediaType, type MediaType, parseMediaType } from "./media-type.ts";
export { decodeNats, type EncodedNats, encodeNats, type NatsHeaders } from "./nats-codec.ts";
export { isTimestamp } from "./timestamp.ts";
