import { invalid, type Problem } from "./problem.ts";

/** The problem of a name of something elsewhere that is empty, too long, or holds control characters. */
export function validateNameText(text: string, path: string, bytesMax: number): Problem[] {
  const bytes = Buffer.byteLength(text);
  if (bytes === 0) return [invalid(path, "a text that is not empty", text)];
  if (bytes > bytesMax) return [invalid(path, `at most ${bytesMax} bytes`, text)];
  return /[\p{Cc}\p{Cs}]/u.test(text) ? [invalid(path, "a text without control characters", text)] : [];
}
