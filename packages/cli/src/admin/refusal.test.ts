import { expect, test } from "vitest";
import { refusalOf } from "./refusal.ts";

const url = "http://127.0.0.1:8081";

test("refusal: only who was not let in is told how to reach the server", () => {
  const host = { kind: "Status", message: 'host "x" is not served here', code: 403 };
  expect(refusalOf(403, JSON.stringify(host), url).hint).toContain("--admin-host");
  const causes = [{ reason: "SECRET_KEY_ABSENT", message: "there is no key" }];
  const key = { kind: "Status", message: "there is no key (make one)", code: 403, details: { causes } };
  const fault = refusalOf(403, JSON.stringify(key), url);
  expect([fault.message, fault.hint]).toEqual(["there is no key (make one)", undefined]);
});
