import { isUtf8 } from "node:buffer";

const printableAscii = /^[ -~]*$/;
// What an attribute must not hold (CloudEvents 1.0, String): control characters and noncharacters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters looked for.
const notForAttributes = /[\u0000-\u001f\u007f-\u009f\p{Noncharacter_Code_Point}]/u;

/**
 * Bytes as the text of an attribute: their UTF-8 text where that is one and an attribute may hold it, else base64, so
 * that nothing is lost; null is the empty text. (Knative replaces what is not UTF-8 by U+FFFD, and sends control characters on.)
 */
export function textOrBase64(bytes: Uint8Array | null): string {
  if (bytes === null) return "";
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  if (printableAscii.test(text) || (isUtf8(buffer) && !notForAttributes.test(text))) return text;
  return buffer.toString("base64");
}
