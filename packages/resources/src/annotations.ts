import {
  bytesValue,
  commandValue,
  durationOrNeverValue,
  durationValue,
  flagValue,
  integerValue,
  textValue,
  wordValue,
} from "./annotation.ts";
import { type AnnotationDefinition, define, optional } from "./annotation-definition.ts";
import { autoscalingAnnotations } from "./autoscaling-annotations.ts";
import { deliveryOrderValue, dependencyValue } from "./knative-annotation.ts";
import { environmentNamesValue, filePathsValue, secretNameValue } from "./secret-annotation.ts";

const withSink = [
  "PingSource",
  "KafkaSource",
  "RabbitmqSource",
  "HttpSource",
  "NatsSource",
  "ContainerSource",
  "SinkBinding",
];

/** What every name of ours begins with. */
export const rousePrefix = "rouse.dev/";

/** Every `rouse.dev/*` annotation there is. Times are read as milliseconds, sizes as bytes. */
export const rouseAnnotations = {
  logMaxAge: define("Broker", "rouse.dev/log-max-age", durationValue(1_000), "P7D", "How long the log keeps events."),
  logMaxBytes: define(
    "Broker",
    "rouse.dev/log-max-bytes",
    bytesValue(1_048_576),
    "1Gi",
    "How many bytes the log keeps.",
  ),
  deadMaxAge: define(
    "Broker",
    "rouse.dev/dead-max-age",
    durationValue(1_000),
    "P14D",
    "How long dead records are kept.",
  ),
  replicas: define(
    "Broker",
    "rouse.dev/replicas",
    integerValue(1, 5),
    "1",
    "How many NATS servers keep the broker's streams.",
  ),
  duplicateWindow: define(
    "Broker",
    "rouse.dev/duplicate-window",
    durationValue(100),
    "PT2M",
    "How long an event that is published again counts as the same.",
  ),
  maxHops: define(
    "Broker",
    "rouse.dev/max-hops",
    integerValue(1, 255),
    "255",
    "How often an event may pass through brokers, as replies do.",
  ),
  paused: define(
    "Trigger",
    "rouse.dev/paused",
    flagValue("true", "false"),
    "false",
    "Holds deliveries until it is removed; nothing is lost.",
  ),
  breaker: define(
    "Trigger",
    "rouse.dev/breaker",
    flagValue("on", "off"),
    "on",
    "Holds deliveries without counting attempts while the target is down.",
  ),
  holdMax: define(
    "Trigger",
    "rouse.dev/hold-max",
    durationValue(),
    "PT1H",
    "How long deliveries are held because the target is down, or its Service cannot be started, before attempts count again.",
  ),
  maxInFlight: define(
    "Trigger",
    "rouse.dev/max-in-flight",
    integerValue(1, 10_000),
    "64",
    "How many deliveries of the trigger may be in flight at once; without it 64 to a URL, and to a Service as many as its instances have slots.",
  ),
  missedTicks: define(
    "PingSource",
    "rouse.dev/missed-ticks",
    wordValue("latest", "all", "skip"),
    "latest",
    "Which ticks missed while nothing ran are made up for.",
  ),
  missedTicksDeadline: define(
    "PingSource",
    "rouse.dev/missed-ticks-deadline",
    durationValue(),
    "PT1H",
    "Ticks missed longer ago are not made up for.",
  ),
  headersFrom: optional(
    ["Trigger", ...withSink],
    "rouse.dev/headers-from",
    secretNameValue,
    "A Secret of the same namespace; each of its keys and values is a header of every delivery (of a source: when its sink is no Broker).",
  ),
  queueType: define(
    "RabbitmqSource",
    "rouse.dev/queue-type",
    wordValue("quorum", "classic"),
    "quorum",
    "The type of the queue that is declared.",
  ),
  fromEnv: optional(
    "Secret",
    "rouse.dev/from-env",
    environmentNamesValue,
    "Values that are read from the server's environment and not stored: key=NAME, separated by commas.",
  ),
  fromFile: optional(
    "Secret",
    "rouse.dev/from-file",
    filePathsValue,
    "Values that are read from files by the server and not stored: key=/absolute/path, separated by commas.",
  ),
  command: optional(
    ["Service", "ContainerSource"],
    "rouse.dev/command",
    commandValue,
    "A local process to run instead of the image.",
    "either",
  ),
  workdir: optional(
    ["Service", "ContainerSource"],
    "rouse.dev/workdir",
    textValue,
    "Where the command runs; relative to the manifest's folder.",
    "either",
  ),
  idleTimeout: define(
    "Service",
    "rouse.dev/idle-timeout",
    durationValue(1),
    "PT60S",
    "Idle this long, an instance is stopped.",
    "either",
  ),
  startTimeout: define(
    "Service",
    "rouse.dev/start-timeout",
    durationValue(1),
    "PT60S",
    "An instance not ready by then has failed to start.",
    "either",
  ),
  freezeAfter: define(
    "Service",
    "rouse.dev/freeze-after",
    durationOrNeverValue(100),
    "never",
    "Idle this long, an instance is frozen: it keeps its memory, uses no CPU, and goes on within milliseconds.",
    "either",
  ),
  maxLifetime: define(
    "Service",
    "rouse.dev/max-lifetime",
    durationOrNeverValue(1_000),
    "never",
    "An instance older than this, give or take a tenth, is replaced; the new one is ready first.",
    "either",
  ),
  prewarm: define(
    "Service",
    "rouse.dev/prewarm",
    flagValue("on", "off"),
    "on",
    "Starts an instance ahead of a planned tick of a PingSource.",
    "either",
  ),
  visibility: define(
    "Service",
    "rouse.dev/visibility",
    wordValue("private", "public"),
    "private",
    "Whether other clients than triggers reach it at the data plane's address.",
  ),
  containerNetwork: optional(
    ["Service", "ContainerSource"],
    "rouse.dev/container-network",
    wordValue("auto", "host", "bridge"),
    "The network of its containers: this machine's, or a bridge; auto, the default, takes a bridge where there is one, and this machine's for what has a `K_SINK`.",
    "either",
  ),
} as const;

/** Knative's annotations that mean something here. */
export const knativeAnnotations = {
  brokerClass: optional(
    "Broker",
    "eventing.knative.dev/broker.class",
    textValue,
    "Which implementation keeps the broker in a cluster; no meaning here.",
  ),
  dependency: optional(
    "Trigger",
    "knative.dev/dependency",
    dependencyValue,
    "An object that must be ready before the trigger is.",
  ),
  deliveryOrder: define(
    "Trigger",
    "kafka.eventing.knative.dev/delivery.order",
    deliveryOrderValue,
    "unordered",
    "Whether deliveries keep the order of the log.",
  ),
  ...autoscalingAnnotations,
} as const;

/** All annotations, for admission and reference pages. */
export const annotationDefinitions: readonly AnnotationDefinition[] = [
  ...Object.values(rouseAnnotations),
  ...Object.values(knativeAnnotations),
];
