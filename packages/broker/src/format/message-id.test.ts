import { expect, test } from "vitest";
import { copyId, deadId, deadReplyId, deliveryKey, gapId, replyId } from "./message-id.ts";

test("message ids: are spelled as they are stored", () => {
  expect(deliveryKey(7, "u")).toBe("7.u");
  expect(copyId(7, "u", "subscriber", 1)).toBe("7.u.1");
  expect(copyId(7, "u", "dead-letter", 1)).toBe("7.u.d1");
  expect(replyId(7, "u")).toBe("r.7.u");
  expect(deadId(7, "u")).toBe("d.7.u");
  expect(deadReplyId(7, "u")).toBe("d.r.7.u");
  expect(gapId(7)).toBe("d.gap.7");
});
