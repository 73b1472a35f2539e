import { parseMediaType } from "@rouse/events";
import type { HookHeaders } from "./hook-headers.ts";
import { jsonAt } from "./json-pointer.ts";

/** Longer texts are no type, no subject and no id. */
const textMax = 1_024;

/** A request whose signature is in order, read as far as somebody asks. */
export class Delivery {
  readonly headers: HookHeaders;
  /** What becomes the event's data, and its media type. */
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  private parsed: { readonly value: unknown } | "invalid" | undefined;
  private jsonAsked = false;

  constructor(headers: HookHeaders, data: Uint8Array, contentType: string | undefined) {
    this.headers = headers;
    this.data = data;
    this.contentType = contentType;
  }

  /** Somebody needed the body as JSON, and it is none. */
  get jsonMissing(): boolean {
    return this.jsonAsked && this.payload() === "invalid";
  }

  /** The text at a JSON pointer; undefined when there is none that an attribute may hold. */
  text(pointer: string): string | undefined {
    this.jsonAsked = true;
    const payload = this.payload();
    return payload === "invalid" ? undefined : usable(jsonAt(payload.value, pointer));
  }

  /** The first of several pointers that leads to a text. */
  firstText(pointers: readonly string[]): string | undefined {
    for (const pointer of pointers) {
      const text = this.text(pointer);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  header(name: string): string | undefined {
    return usable(this.headers.one(name));
  }

  /** The fields of a form, when the body is one. */
  form(): URLSearchParams | undefined {
    const type = this.contentType === undefined ? undefined : parseMediaType(this.contentType);
    if (type?.essence !== "application/x-www-form-urlencoded") return undefined;
    return new URLSearchParams(new TextDecoder().decode(this.data));
  }

  /** Parsed once, as UTF-8, whatever the content type says. */
  private payload(): { readonly value: unknown } | "invalid" {
    if (this.parsed === undefined) {
      try {
        this.parsed = { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(this.data)) };
      } catch {
        this.parsed = "invalid";
      }
    }
    return this.parsed;
  }
}

/** As a text that an attribute may hold; undefined when it is empty, too long, or has characters that none may have. */
export function usable(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = String(value);
  if (text === "" || text.length > textMax) return undefined;
  return /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text) ? undefined : text;
}
