import { startRabbitmq } from "@rouse/sources/testing";
import type { Case } from "../case.ts";
import { compareIntakes } from "../intake/intake.ts";
import { intakeFigures } from "../intake/intake-figures.ts";
import { fillQueue, prefetch } from "../intake/rabbitmq-queue.ts";
import { startBareIntake, startRouseIntake, toBroker } from "../intake/sides.ts";
import type { Manifest } from "../rouse/admin.ts";

const name = "rabbitmq-source";
const type = "dev.knative.rabbitmq.event";
const secretName = "rabbitmq";

/** Messages per second from a classic queue into the log, 250 in flight, against a consumer written by hand. */
export const rabbitmqSource: Case = {
  promised: [`${name}.ratio-to-bare`, `${name}.lost`, `${name}.doubled`],
  async run(context) {
    const count = context.options.quick ? 8_000 : 40_000;
    await using rabbitmq = await startRabbitmq({ own: true });
    const { url } = rabbitmq;
    const secret: Manifest = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName },
      stringData: { uri: url },
    };
    await using rouse = await startRouseIntake(context.binary, [secret], source);
    await using bare = await startBareIntake(context.binary, rouse, "./bare/rabbitmq-loop.js", url, type);
    const upstream = { count, lanes: 0, fill: (place: string) => fillQueue(url, place, count) };
    return intakeFigures(name, await compareIntakes(context, upstream, bare, rouse), false);
  },
};

function source(queueName: string): Manifest {
  return {
    apiVersion: "sources.knative.dev/v1alpha1",
    kind: "RabbitmqSource",
    metadata: { name: queueName },
    spec: {
      rabbitmqClusterReference: { connectionSecret: { name: secretName } },
      rabbitmqResourcesConfig: { queueName, predeclared: true, parallelism: prefetch },
      sink: toBroker,
    },
  };
}
