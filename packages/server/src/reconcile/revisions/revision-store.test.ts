import { ManualClock } from "@rouse/base";
import type { ServiceObject } from "@rouse/resources";
import { expect, test } from "vitest";
import { MemoryStore } from "../../store/memory-store.ts";
import type { Entry } from "../../store/port.ts";
import { types } from "../objects.ts";
import { RevisionStore } from "./revision-store.ts";

function rig() {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  const warnings: unknown[] = [];
  const logger = { warn: (...told: unknown[]) => void warnings.push(told) };
  const revisions = new RevisionStore({ store, clock, logger });
  const apply = async (name: string, uid: string, template: object = {}) => {
    const document = {
      apiVersion: "serving.knative.dev/v1",
      kind: "Service",
      metadata: { uid, name, namespace: "shop", generation: 1 },
      spec: { template: { ...template, spec: { containers: [{ image: "fn:1" }] } } },
    } as unknown as Entry["object"];
    const id = { ...types.service, namespace: "shop", name };
    await store.create(id, document);
    const entry = store.get(id)!;
    await revisions.present(entry, document as unknown as ServiceObject);
    return entry;
  };
  const names = (service: Entry) => revisions.of(service).map(({ id }) => id.name);
  return { store, warnings, apply, names };
}

test("revision store: a Service does not take the revision of another that is there, whatever its template is called", async () => {
  const { apply, names, warnings } = rig();
  const other = await apply("fn-b", "u1");
  const own = await apply("fn", "u2", { metadata: { name: "fn-b-00001" } });
  expect([names(other), names(own)]).toEqual([["fn-b-00001"], []]);
  expect(JSON.stringify(warnings)).toContain("revision fn-b-00001 is of the Service fn-b");
});

test("revision store: what a Service of the same name has left makes room", async () => {
  const { apply, names, store, warnings } = rig();
  const before = await apply("fn", "u1");
  await store.remove(before.id, {});
  const after = await apply("fn", "u2");
  expect([names(before), names(after), warnings]).toEqual([[], ["fn-00001"], []]);
});
