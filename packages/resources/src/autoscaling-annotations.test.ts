import { expect, test } from "vitest";
import { knativeAnnotations, rouseAnnotations } from "./annotations.ts";
import { readAnnotation } from "./object-annotations.ts";
import { admitted, problemsOf, serviceDocument, warningsOf } from "./samples.testing.ts";

const of = (annotations: Record<string, string>) => serviceDocument({}, {}, annotations);
const prefix = "autoscaling.knative.dev/";

test("autoscaling: absent ones read as Knative's defaults", () => {
  const service = admitted(of({}));
  const { window, scaleDownDelay, minScale, maxScale, target, targetUtilization } = knativeAnnotations;
  const read = [window, scaleDownDelay, minScale, maxScale, target, targetUtilization].map((each) =>
    readAnnotation<unknown>(service, each),
  );
  expect(read).toEqual([60_000, 0, 0, 0, undefined, undefined]);
});

test("autoscaling: Knative's former names mean the same, and the newer one counts where both stand", () => {
  const service = admitted(
    of({
      [`${prefix}minScale`]: "2",
      [`${prefix}maxScale`]: "9",
      [`${prefix}max-scale`]: "5",
      [`${prefix}targetUtilizationPercentage`]: "80",
      [`${prefix}scaleDownDelay`]: "1m30s",
    }),
  );
  const { minScale, maxScale, targetUtilization, scaleDownDelay } = knativeAnnotations;
  expect([minScale, maxScale, scaleDownDelay].map((each) => readAnnotation(service, each))).toEqual([2, 5, 90_000]);
  expect(readAnnotation(service, targetUtilization)).toBe(80);
});

test.each([
  ["window", "5s", "a duration of whole seconds such as 1m30s, from 6s to 1h"],
  ["window", "61m", "a duration of whole seconds such as 1m30s, from 6s to 1h"],
  ["window", "PT60S", "a duration of whole seconds such as 1m30s, from 6s to 1h"],
  ["scale-down-delay", "1.5s", "a duration of whole seconds such as 1m30s, from 0s to 1h"],
  ["target-utilization-percentage", "0", "a number from 1 to 100"],
  ["target-utilization-percentage", "101", "a number from 1 to 100"],
  ["target", "0", "a number greater than 0"],
  ["minScale", "-1", "a whole number from 0 to 1000"],
  ["activation-scale", "0", "a whole number from 1 to 1000"],
])("autoscaling: %s %j is refused", (name, text, expected) => {
  expect(problemsOf(of({ [prefix + name]: text }))).toEqual([
    `spec.template.metadata.annotations[${prefix}${name}]: expected ${expected}, got "${text}"`,
  ]);
});

test.each([
  ["class", "kpa.autoscaling.knative.dev", "hpa.autoscaling.knative.dev", "has no meaning here"],
  ["metric", "concurrency", "rps", "has no meaning here, and the target is not read"],
  ["initial-scale", "0", "3", "has no effect: the first instance starts when there is something to do"],
  ["activation-scale", "1", "3", "has no effect: from zero one instance starts first"],
])("autoscaling: %s is accepted, and told when it is another than %j", (name, usual, other, told) => {
  expect(warningsOf(of({ [prefix + name]: usual }))).toEqual([]);
  expect(warningsOf(of({ [prefix + name]: other }))).toEqual([expect.stringContaining(told)]);
});

test("annotations: a duration may be never where it says so", () => {
  const { freezeAfter, maxLifetime, prewarm, containerNetwork } = rouseAnnotations;
  const plain = admitted(of({}));
  const read = [freezeAfter, maxLifetime, prewarm, containerNetwork].map((each) =>
    readAnnotation<unknown>(plain, each),
  );
  expect(read).toEqual([undefined, undefined, true, undefined]);
  const given = admitted(of({ [freezeAfter.name]: "PT10S", [maxLifetime.name]: "PT30M", [prewarm.name]: "off" }));
  expect([freezeAfter, maxLifetime].map((each) => readAnnotation(given, each))).toEqual([10_000, 1_800_000]);
  expect(readAnnotation(given, prewarm)).toBe(false);
  expect(problemsOf(of({ [freezeAfter.name]: "10s" }))).toEqual([
    expect.stringContaining("expected an ISO 8601 duration such as PT0.2S, PT10M or P7D, or never"),
  ]);
});
