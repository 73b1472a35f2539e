/** What an attribute may hold: CloudEvents String, URI and Timestamp are strings; Integer is a signed 32-bit number. */
export type AttributeValue = string | number | boolean;

/**
 * The attributes of an event, by their lower-case names: the required four, the optional ones of the specification, and
 * extensions. Objects of this type inherit nothing, so that an attribute may be called `constructor`, and are frozen.
 */
export interface EventAttributes {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly [extension: string]: AttributeValue | undefined;
}

/**
 * A CloudEvent 1.0. Attributes and data are never changed after construction; data are the bytes as they arrived
 * (for JSON format: the JSON text of `data`, or the bytes of `data_base64`).
 */
export interface CloudEvent {
  readonly attributes: EventAttributes;
  readonly data: Uint8Array | undefined;
}
