export type { AttributeValue, CloudEvent, EventAttributes } from "./event.ts";
