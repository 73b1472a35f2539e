import { expect, test } from "vitest";
import { deliveryHeaders } from "./headers-from-secret.ts";

const of = (values: Record<string, string>) => deliveryHeaders(Object.entries(values));

test("delivery headers: each name is a header in lower case, its value without white space around it", () => {
  expect(of({ "X-Api-Key": "abc\n", authorization: "Basic Zm9v" })).toEqual({
    kind: "headers",
    headers: { "x-api-key": "abc", authorization: "Basic Zm9v" },
  });
});

test("delivery headers: bearer-token stands for the authorization header", () => {
  expect(of({ "bearer-token": "t0ken\n" })).toEqual({ kind: "headers", headers: { authorization: "Bearer t0ken" } });
});

test("delivery headers: what belongs to the connection or to the event is refused", () => {
  for (const name of [
    "host",
    "Content-Length",
    "connection",
    "transfer-encoding",
    "ce-id",
    "CE-Type",
    "content-type",
  ]) {
    expect(of({ [name]: "x" })).toMatchObject({ kind: "refused", message: expect.stringContaining(`"${name}"`) });
  }
});

test("delivery headers: a value that no header can have is refused by name, and not shown", () => {
  for (const value of ["top\r\nsecret: yes", "top\0secret", "top–secret", " "]) {
    const refused = of({ "x-key": value });
    expect(refused).toMatchObject({ kind: "refused", message: expect.stringContaining('"x-key"') });
    expect(JSON.stringify(refused)).not.toContain("secret");
  }
});

test("delivery headers: a header that is set twice is refused", () => {
  expect(of({ authorization: "Basic x", "bearer-token": "y" })).toMatchObject({ kind: "refused" });
  expect(of({ "x-a": "1", "X-A": "2" })).toMatchObject({ kind: "refused" });
});
