import { expect, test } from "vitest";
import { readImage } from "./image-reference.ts";
import { pullPolicyOf } from "./pull-policy.ts";

const digest = `sha256:${"a".repeat(64)}`;

test.each([
  ["app", "app", undefined, undefined, "Always"],
  ["app:latest", "app", "latest", undefined, "Always"],
  ["app:1.2", "app", "1.2", undefined, "IfNotPresent"],
  ["team/my_app__x--y:V1", "team/my_app__x--y", "V1", undefined, "IfNotPresent"],
  ["localhost:5000/app", "localhost:5000/app", undefined, undefined, "Always"],
  ["Registry.Example.com:5000/a/b:1", "Registry.Example.com:5000/a/b", "1", undefined, "IfNotPresent"],
  ["[::1]:5000/app:1", "[::1]:5000/app", "1", undefined, "IfNotPresent"],
  [`app@${digest}`, "app", undefined, digest, "IfNotPresent"],
  [`app:latest@${digest}`, "app", "latest", digest, "IfNotPresent"],
])("image: %s is read, and fetched by Kubernetes' rule", (image, repository, tag, found, policy) => {
  expect(readImage(image)).toEqual({ kind: "image", image: { repository, tag, digest: found } });
  expect(pullPolicyOf({ image })).toBe(policy);
  expect(pullPolicyOf({ image, imagePullPolicy: "Never" })).toBe("Never");
});

test.each([
  ["my app", "it cannot have spaces"],
  ["App", "names of images have no capitals: app"],
  ["registry.example.com/App", "names of images have no capitals: registry.example.com/app"],
  ["docker://app", "leave out the scheme"],
  ["app:", "a tag has letters, digits, underscores, dots and hyphens"],
  [`app:${"t".repeat(129)}`, "a tag has letters, digits, underscores, dots and hyphens"],
  ["app@sha256:12", "a digest is sha256: and 64 digits"],
  [`app@${digest}@${digest}`, "one digest at most"],
  ["/app", undefined],
  ["app/", undefined],
  ["", undefined],
  ["-app", undefined],
  ["a..b", undefined],
  ["x".repeat(300), "at most 255 characters before the tag"],
])("image: %s is refused", (image, hint) => {
  const read = readImage(image);
  expect(read).toMatchObject({ kind: "invalid", expected: expect.stringContaining("the name of an image") });
  expect(read.kind === "invalid" && read.hint).toBe(hint);
});
