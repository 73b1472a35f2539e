import { connectRaw, type NatsAddress } from "./nats.ts";
import type { ServerProcess } from "./server-process.ts";

/** Every form in which a value might be found; base64 at each of its three alignments. */
function formsOf(value: string): string[] {
  const shifted = [0, 1, 2].map((by) =>
    Buffer.from("x".repeat(by) + value)
      .toString("base64")
      .slice(by + 4, -4),
  );
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, encodeURIComponent(value), json, ...shifted])];
}

/** Kinds whose objects are read, as paths of the API. */
const collections = [
  "/api/v1/namespaces/default/secrets",
  ...["brokers", "triggers"].map((each) => `/apis/eventing.knative.dev/v1/namespaces/default/${each}`),
  "/apis/eventing.knative.dev/v1alpha1/namespaces/default/kafkasinks",
  ...["kafkasources", "containersources", "sinkbindings"].map(
    (each) => `/apis/sources.knative.dev/v1/namespaces/default/${each}`,
  ),
  "/apis/sources.knative.dev/v1alpha1/namespaces/default/rabbitmqsources",
  ...["rabbitmqsinks", "httpsources", "natssources"].map(
    (each) => `/apis/rouse.dev/v1alpha1/namespaces/default/${each}`,
  ),
  "/apis/serving.knative.dev/v1/namespaces/default/services",
];

/**
 * Where a value is said or kept: lists and watches of the API, `/-/tail`, `/-/dead`, `/-/logs` of the names, standard
 * error, and everything in NATS. Empty when it is nowhere.
 */
export async function placesThatSay(
  values: readonly string[],
  server: ServerProcess,
  nats: NatsAddress,
  logsOf: readonly string[] = [],
): Promise<readonly string[]> {
  const texts = new Map<string, string>([["stderr", server.stderr()]]);
  const operations = [
    "/-/tail?limit=1000",
    "/-/dead/default/default",
    ...logsOf.map((each) => `/-/logs/default/${each}`),
  ];
  const watches = collections.map(
    (each) => `${each}?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  );
  await Promise.all(
    [...collections, ...operations, ...watches].map(async (path) => {
      const answer = await fetch(server.admin + path);
      texts.set(path, `${JSON.stringify([...answer.headers])}${await answer.text()}`);
    }),
  );
  await using raw = await connectRaw(nats);
  for (const stream of await raw.streams()) {
    for (const { subject, headers, data } of await raw.messages(stream)) {
      texts.set(`${stream} ${subject}`, `${subject} ${JSON.stringify(headers)} ${data.toString("latin1")}`);
    }
  }
  const forms = values.flatMap(formsOf);
  return [...texts].flatMap(([place, text]) =>
    forms.filter((form) => text.includes(form)).map((form) => `${form} in ${place}`),
  );
}
