// The servers that tests and benchmarks use. Each is got into the project's cache where it is missing and can be had.
import { hint as engineHint, obtainStartable as obtainEngines } from "./container-engine.mjs";
import { hint as kafkaHint, obtainAll as obtainKafkas } from "./kafka-server.mjs";
import { hint as natsHint, obtainBoth } from "./nats-server.mjs";
import { obtain as obtainRabbitmq, hint as rabbitmqHint } from "./rabbitmq-server.mjs";

/** What there is, as lines for people, and what is missing, with the way out. Needs the built packages. */
export async function obtainServers(say = console.log) {
  const present = [];
  const missing = [];
  const note = (name, found, given, hint) => {
    if (given) present.push(`${name} at ${given.replace(/\/\/[^@/]*@/, "//")}`);
    present.push(...found.map((server) => `${name} ${server.version}`));
    if (found.length === 0 && !given) missing.push(`no ${name} here, so what needs one is skipped; ${hint}`);
  };
  note("nats-server", obtainBoth(say), undefined, natsHint);
  const { KAFKA_BOOTSTRAP: kafka, RABBITMQ_URL: rabbitmq } = process.env;
  note("kafka", await obtainKafkas(say), kafka, kafkaHint);
  const found = await obtainRabbitmq(say);
  note("rabbitmq", found ? [found] : [], rabbitmq, rabbitmqHint);
  const engines = (await obtainEngines(say)).map(({ name, version }) => ({ version: `${name} ${version}` }));
  note("container engine", engines, process.env.DOCKER_HOST, engineHint);
  return { present, missing };
}
