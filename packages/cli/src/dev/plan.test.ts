import { noChecks } from "@rouse/resources";
import { expect, test } from "vitest";
import { brokerYaml, serviceYaml } from "../folder.testing.ts";
import { type Manifest, readManifest } from "../manifest/manifest.ts";
import { type Owned, planSync } from "./plan.ts";

const options = { checks: noChecks, namespace: "default", cwd: "/work", absoluteWorkdir: true };

function manifest(name: string, text: string): Manifest {
  return readManifest({ path: `/manifests/${name}`, shown: name, text, named: false }, options);
}

function ownedAfter(...manifests: readonly Manifest[]): Map<string, Owned> {
  return new Map(planSync(new Map(), manifests).apply.map(({ owned }) => [owned.identity, owned]));
}

const names = (owned: readonly Owned[]) => owned.map(({ kind, name }) => `${kind}/${name}`);
const both = manifest("a.yaml", `${brokerYaml}---\n${serviceYaml}`);

test("plan: everything is applied first, and nothing when nothing changed", () => {
  const owned = ownedAfter(both);
  expect(names([...owned.values()])).toEqual(["Broker/default", "Service/hello"]);
  expect(planSync(owned, [both])).toEqual({ apply: [], prune: [], spared: [], orphaned: [] });
});

test("plan: what disappeared from a file that parses is pruned", () => {
  const plan = planSync(ownedAfter(both), [manifest("a.yaml", brokerYaml)]);
  expect(names(plan.prune)).toEqual(["Service/hello"]);
});

test.each([
  ["is broken", "kind: ["],
  ["is half saved", `${brokerYaml}---\napiVersion: serving.knative.dev/v1\nkind: Serv`],
  ["is empty", ""],
  ["holds only comments", "# nothing\n---\n"],
  ["became something else", "services: {}\n"],
])("plan: a file that %s changes nothing", (_what, text) => {
  const plan = planSync(ownedAfter(both), [manifest("a.yaml", text)]);
  expect([plan.apply, plan.prune]).toEqual([[], []]);
});

test("plan: a file that is gone prunes nothing, and what it declared is told", () => {
  const plan = planSync(ownedAfter(both), []);
  expect([names(plan.prune), names(plan.orphaned)]).toEqual([[], ["Broker/default", "Service/hello"]]);
});

test("plan: an object that moves to another file is not pruned", () => {
  const plan = planSync(ownedAfter(both), [manifest("a.yaml", brokerYaml), manifest("b.yaml", serviceYaml)]);
  expect([names(plan.prune), names(plan.apply.map(({ owned }) => owned))]).toEqual([[], ["Service/hello"]]);
});

test("plan: nothing is pruned while a file is broken that may declare it now", () => {
  const plan = planSync(ownedAfter(both), [manifest("a.yaml", brokerYaml), manifest("b.yaml", "kind: [")]);
  expect([names(plan.prune), names(plan.spared)]).toEqual([[], ["Service/hello"]]);
});

test("plan: what nobody here applied is never pruned", () => {
  expect(planSync(new Map(), [manifest("a.yaml", brokerYaml)]).prune).toEqual([]);
});
