import { type Engine, engineApi, engineHint, findEngine } from "@rouse/serving-client/testing";
import { describe, test } from "vitest";
import { type NatsServerBinary, natsServers } from "./nats.ts";

export { type Engine, startEngine } from "@rouse/serving-client/testing";

/** Runs a suite where there are a container engine and a nats-server; else it is skipped visibly, and fails where CI is `true`. */
export async function withEngine(name: string, suite: (binary: NatsServerBinary) => void): Promise<void> {
  const [binary] = (await natsServers()).slice(-1);
  if (binary && findEngine()) return void describe(name, () => suite(binary));
  const lacking = binary ? `no container engine here; ${engineHint}` : "no nats-server here";
  if (process.env.CI !== "true") return test.skip(`${name}: ${lacking}`, () => {});
  test(name, () => {
    throw new Error(lacking);
  });
}

/** A container as its engine sees it. */
export interface SeenContainer {
  readonly id: string;
  readonly names: readonly string[];
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The containers of a Service, those that have ended included: nobody else runs the images of this engine. */
export async function containersOf(engine: Engine, service?: string): Promise<readonly SeenContainer[]> {
  const ancestors = encodeURIComponent(JSON.stringify({ ancestor: Object.values(engine.images) }));
  const { text } = await engineApi(engine.socketPath).ask("GET", `/containers/json?all=1&filters=${ancestors}`);
  const found = JSON.parse(text) as readonly {
    Id: string;
    Names: string[];
    State: string;
    Labels: Record<string, string>;
  }[];
  return found
    .map(({ Id, Names, State, Labels }) => ({ id: Id, names: Names, state: State, labels: Labels }))
    .filter(
      ({ labels }) => service === undefined || labels["dev.rouse.key"]?.startsWith(`default/${service}/`) === true,
    );
}

/** What the engine says of a container. */
export async function inspectContainer(engine: Engine, id: string): Promise<Record<string, unknown>> {
  const { text } = await engineApi(engine.socketPath).ask("GET", `/containers/${id}/json`);
  return JSON.parse(text) as Record<string, unknown>;
}
