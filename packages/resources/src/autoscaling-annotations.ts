import {
  type AnnotationParser,
  goDurationValue,
  goSecondsValue,
  integerValue,
  numberValue,
  positiveValue,
  textValue,
} from "./annotation.ts";
import { type AnnotationDefinition, define, optional } from "./annotation-definition.ts";

const prefix = "autoscaling.knative.dev/";

/** Knative's names were in camelCase once, and are still understood by it. */
function formerName(name: string): string {
  return prefix + name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function setting<T>(name: string, parse: AnnotationParser<T>, defaultText: string, doc: string) {
  return { ...define("Service", prefix + name, parse, defaultText, doc, "template"), formerName: formerName(name) };
}

function optionalSetting<T>(name: string, parse: AnnotationParser<T>, doc: string) {
  return { ...optional("Service", prefix + name, parse, doc, "template"), formerName: formerName(name) };
}

/** A definition whose values but the usual one are accepted with a remark. */
function remarked<T>(definition: AnnotationDefinition<T>, usual: string, remark: string): AnnotationDefinition<T> {
  return { ...definition, remark: (text) => (text === usual ? undefined : remark) };
}

/** Knative's annotations of how a Service scales. Times are read as milliseconds. */
export const autoscalingAnnotations = {
  minScale: setting("min-scale", integerValue(0, 1_000), "0", "Instances that are always kept."),
  maxScale: setting("max-scale", integerValue(0, 1_000), "0", "Most instances there may be; 0 is no limit."),
  target: optionalSetting("target", positiveValue, "Requests at once per instance that scaling aims at."),
  targetUtilization: optionalSetting(
    "target-utilization-percentage",
    numberValue(1, 100),
    "Share of an instance's slots at which it counts as full; default 70, and 100 with up to three slots.",
  ),
  window: setting(
    "window",
    goSecondsValue(6_000, 3_600_000),
    "60s",
    "The number of instances falls to the most that was wanted within this time.",
  ),
  scaleDownDelay: setting(
    "scale-down-delay",
    goSecondsValue(0, 3_600_000),
    "0s",
    "How much longer a lower number has to be wanted before instances are stopped.",
  ),
  retention: setting(
    "scale-to-zero-pod-retention-period",
    goDurationValue,
    "0s",
    "How long the last instance stays beyond its idle time.",
  ),
  initialScale: remarked(
    setting("initial-scale", integerValue(0, 1_000), "0", "Accepted; instances start when there is something to do."),
    "0",
    "has no effect: the first instance starts when there is something to do; min-scale keeps one running",
  ),
  activationScale: remarked(
    setting("activation-scale", integerValue(1, 1_000), "1", "Accepted; one instance starts first."),
    "1",
    "has no effect: from zero one instance starts first, and more as soon as it is ready and requests wait",
  ),
  class: remarked(
    setting("class", textValue, "kpa.autoscaling.knative.dev", "Accepted; there is one autoscaler here."),
    "kpa.autoscaling.knative.dev",
    "has no meaning here: what scales is the number of requests at once, and the events that wait",
  ),
  metric: remarked(
    setting("metric", textValue, "concurrency", "Accepted; with another than `concurrency`, `target` does not count."),
    "concurrency",
    "has no meaning here, and the target is not read: what scales is the number of requests at once",
  ),
} as const;
