import { expect, test } from "vitest";
import { runsOn } from "./image-platform.ts";

const engine = { os: "linux", arch: "amd64", emulates: false };

test("image platform: an image runs on its own architecture, on one that includes it, and by emulation", () => {
  expect(runsOn({ os: "linux", arch: "amd64" }, engine)).toBe(true);
  expect(runsOn({ os: "linux", arch: "386" }, engine)).toBe(true);
  expect(runsOn({ os: "linux", arch: "arm64" }, engine)).toBe(false);
  expect(runsOn({ os: "linux", arch: "arm64" }, { ...engine, emulates: true })).toBe(true);
});

test("image platform: another system is never emulated, and what is not told excludes nothing", () => {
  expect(runsOn({ os: "windows", arch: "amd64" }, { ...engine, emulates: true })).toBe(false);
  expect(runsOn({ os: "", arch: "" }, engine)).toBe(true);
  expect(runsOn({ os: "linux", arch: "riscv64" }, { ...engine, arch: "unknown" })).toBe(true);
});
