import type { AttributeValue } from "@rouse/events";
import type { KafkaKeyType, KafkaRecord } from "./record.ts";

/** Bytes of a text, or of bytes given in hex as `hex:`. */
export function golden(text: string | null): Uint8Array | null {
  if (text === null) return null;
  return text.startsWith("hex:") ? Buffer.from(text.slice(4), "hex") : Buffer.from(text);
}

/** A record, how its source is set, and exactly the attributes and data that its event has. */
export interface GoldenRecord {
  readonly name: string;
  readonly record: Partial<Omit<KafkaRecord, "key" | "value" | "headers">> & {
    readonly key?: string;
    readonly value?: string;
    readonly headers?: readonly (readonly [name: string, value: string | null])[];
  };
  readonly keyType?: KafkaKeyType;
  readonly overrides?: Readonly<Record<string, string>>;
  /** Beside specversion, id, source, type, subject and time of a wrapped record; all attributes when `whole` is set. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly whole?: true;
  readonly data?: string;
}

const binary = [
  ["ce_specversion", "1.0"],
  ["ce_id", "e1"],
  ["ce_source", "/shop"],
  ["ce_type", "com.example.order"],
] as const;
const passed = { specversion: "1.0", id: "e1", source: "/shop", type: "com.example.order" };
const keyed = (key: AttributeValue): Record<string, AttributeValue> => ({ partitionkey: key, key });

export const goldenRecords: readonly GoldenRecord[] = [
  { name: "a value and nothing else", record: { value: "x" }, attributes: {}, data: "x" },
  { name: "neither key nor value: no data", record: {}, attributes: {} },
  { name: "a value of no bytes: data of no bytes", record: { value: "" }, attributes: {}, data: "" },
  { name: "a key of no bytes: none", record: { key: "" }, attributes: {} },
  { name: "a text as key", record: { key: "käse" }, attributes: keyed("käse") },
  { name: "a key that is not UTF-8: base64", record: { key: "hex:ff00" }, attributes: keyed("/wA=") },
  { name: "a key with a control character: base64", record: { key: "a\n" }, attributes: keyed("YQo=") },
  { name: "key-type int, 4 bytes", keyType: "int", record: { key: "hex:fffffffe" }, attributes: keyed(-2) },
  { name: "key-type int, largest", keyType: "int", record: { key: "hex:7fffffff" }, attributes: keyed(2147483647) },
  { name: "key-type int, smallest", keyType: "int", record: { key: "hex:80000000" }, attributes: keyed(-2147483648) },
  { name: "key-type int, another length: text", keyType: "int", record: { key: "12345" }, attributes: keyed("12345") },
  {
    name: "key-type int, 8 bytes: base64",
    keyType: "int",
    record: { key: "hex:0000000000000001" },
    attributes: keyed("AAAAAAAAAAE="),
  },
  { name: "key-type float, 4 bytes", keyType: "float", record: { key: "hex:3dcccccd" }, attributes: keyed("0.1") },
  {
    name: "key-type float, 8 bytes",
    keyType: "float",
    record: { key: "hex:3ff8000000000000" },
    attributes: keyed("1.5"),
  },
  { name: "key-type float, whole", keyType: "float", record: { key: "hex:3f800000" }, attributes: keyed("1.0") },
  { name: "key-type float, large", keyType: "float", record: { key: "hex:501502f9" }, attributes: keyed("1.0E10") },
  { name: "key-type float, NaN", keyType: "float", record: { key: "hex:7fc00000" }, attributes: keyed("NaN") },
  { name: "key-type float, another length: text", keyType: "float", record: { key: "1.5" }, attributes: keyed("1.5") },
  { name: "key-type byte-array", keyType: "byte-array", record: { key: "abc" }, attributes: keyed("YWJj") },
  {
    name: "headers: lower-case letters and digits of their names",
    record: {
      headers: [
        ["X-Trace_Id.2", "abc"],
        ["spring_json_header_types", "{}"],
      ],
    },
    attributes: { kafkaheaderxtraceid2: "abc", kafkaheaderspringjsonheadertypes: "{}" },
  },
  {
    name: "a content type: lower-cased, and no header",
    record: { value: "{}", headers: [["Content-Type", "Application/JSON; Charset=UTF-8"]] },
    attributes: { datacontenttype: "application/json; charset=utf-8" },
    data: "{}",
  },
  {
    name: "a content type that is none: a header",
    record: { headers: [["content-type", "json"]] },
    attributes: { kafkaheadercontenttype: "json" },
  },
  {
    name: "two content types: the last, the first is a header",
    record: {
      headers: [
        ["content-type", "text/html"],
        ["content-type", "text/plain"],
      ],
    },
    attributes: { datacontenttype: "text/plain", kafkaheadercontenttype2: "text/html" },
  },
  {
    name: "headers that come to one name: the last has it, the others are numbered",
    record: {
      headers: [
        ["tag", "a"],
        ["Tag", "b"],
        ["tag2", "own"],
        ["t-a-g", "c"],
      ],
    },
    attributes: { kafkaheadertag: "c", kafkaheadertag3: "a", kafkaheadertag4: "b", kafkaheadertag2: "own" },
  },
  {
    name: "numbers that two names would share",
    record: {
      headers: [
        ["a", "1"],
        ["a", "2"],
        ...Array.from({ length: 11 }, (_, at) => ["a1", String(at)] as const),
        ...Array.from({ length: 10 }, () => ["a", "x"] as const),
      ],
    },
    attributes: expectedShared(),
  },
  {
    name: "a header name without letters",
    record: {
      headers: [
        ["日本", "x"],
        ["", "y"],
      ],
    },
    attributes: { kafkaheader: "y", kafkaheader2: "x" },
  },
  {
    name: "a header that is not UTF-8, one with control characters, one that is null: base64, base64, empty",
    record: {
      headers: [
        ["a", "hex:ff"],
        ["b", "hex:0000000000000007"],
        ["c", null],
      ],
    },
    attributes: { kafkaheadera: "/w==", kafkaheaderb: "AAAAAAAAAAc=", kafkaheaderc: "" },
  },
  {
    name: "ce_ headers without specversion: wrapped",
    record: { headers: [["ce_id", "1"]] },
    attributes: { kafkaheaderceid: "1" },
  },
  {
    name: "names of JavaScript's own",
    record: {
      headers: [
        ["__proto__", "a"],
        ["constructor", "b"],
      ],
    },
    attributes: { kafkaheaderproto: "a", kafkaheaderconstructor: "b" },
  },
  {
    name: "ceOverrides: last, and never attributes of the specification",
    overrides: { key: "k", extra: "e", type: "other", "Bad-Name": "x" },
    record: { key: "a" },
    attributes: { partitionkey: "a", key: "k", extra: "e" },
  },
  {
    name: "an event in binary mode passes, its key and other headers are not its own",
    record: {
      key: "k",
      value: "{}",
      headers: [...binary, ["content-type", "Application/JSON"], ["ce_ext", "É"], ["x", "y"]],
    },
    whole: true,
    attributes: { ...passed, datacontenttype: "Application/JSON", ext: "É" },
    data: "{}",
  },
  {
    name: "an event in binary mode without value passes",
    record: { headers: binary },
    whole: true,
    attributes: passed,
  },
  {
    name: "an event in structured mode passes, with ceOverrides",
    overrides: { ext: "mine" },
    record: {
      headers: [["content-type", "application/cloudevents+json; charset=UTF-8"]],
      value: JSON.stringify({ ...passed, ext: 5, data: { a: 1 } }),
    },
    whole: true,
    attributes: { ...passed, datacontenttype: "application/json", ext: "mine" },
    data: '{"a":1}',
  },
];

/** The last `a` and the last `a1` have the names; the others are numbered in turn, and no two numbers meet. */
function expectedShared(): Record<string, string> {
  const found: Record<string, string> = {
    kafkaheadera: "x",
    kafkaheadera1: "10",
    kafkaheadera2: "1",
    kafkaheadera3: "2",
  };
  for (let at = 0; at < 8; at++) found[`kafkaheadera1${at + 2}`] = String(at);
  found.kafkaheadera110 = "8";
  found.kafkaheadera111 = "9";
  // Nine more of `a`: 4 to 11, and then the first number that `a1` has not taken.
  for (let number = 4; number <= 11; number++) found[`kafkaheadera${number}`] = "x";
  found.kafkaheadera20 = "x";
  return found;
}
