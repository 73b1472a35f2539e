/**
 * Text as a header value: everything but printable ASCII, and `%` itself, percent-encoded as UTF-8; cut at a whole
 * character so that the encoded text is at most `bytesMax` long. Spaces at the ends are lost, as in any header.
 */
export function encodeHeaderText(text: string, bytesMax: number): string {
  let encoded = "";
  for (const character of text.trim()) {
    const piece = /^[\x20-\x24\x26-\x7e]$/.test(character) ? character : encodeCharacter(character);
    if (encoded.length + piece.length > bytesMax) break;
    encoded += piece;
  }
  return encoded;
}

/** The text of a value made by {@link encodeHeaderText}; a value that is none is returned as it is. */
export function decodeHeaderText(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function encodeCharacter(character: string): string {
  try {
    return character === "%" ? "%25" : encodeControl(character);
  } catch {
    return "%EF%BF%BD";
  }
}

function encodeControl(character: string): string {
  const encoded = encodeURIComponent(character);
  return encoded === character ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}` : encoded;
}
