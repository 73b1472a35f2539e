import { jetstreamNames, type NatsServerBinary } from "@rouse/broker";
import type { LoopMethods } from "../bare/loop.ts";
import { startChild } from "../child.ts";
import { startFreshNats } from "../nats.ts";
import { createObjects, deleteObject, type Manifest } from "../rouse/admin.ts";
import { benchBroker } from "../rouse/manifests.ts";
import { opened, startRouse } from "../sides.ts";
import type { IntakeSide } from "./intake.ts";
import { createLog, viewLog } from "./log-view.ts";

const { logStream, logSubject } = jetstreamNames("default", benchBroker);
const brokerManifest: Manifest = {
  apiVersion: "eventing.knative.dev/v1",
  kind: "Broker",
  metadata: { name: benchBroker },
  spec: {},
};

/** Where events of sources go. */
export const toBroker = {
  ref: { apiVersion: brokerManifest.apiVersion, kind: brokerManifest.kind, name: benchBroker },
};

/** Starts a rouse server with a broker; each place is taken in by a source of its own. */
export function startRouseIntake(
  binary: NatsServerBinary,
  manifests: readonly Manifest[],
  sourceOf: (place: string) => Manifest,
): Promise<IntakeSide> {
  return opened(async (scope) => {
    const rouse = scope.use(await startRouse(binary, { name: "rouse", manifests: [brokerManifest, ...manifests] }));
    const log = scope.use(await viewLog(rouse.nats, logStream));
    return {
      name: rouse.name,
      log,
      begin: (place) => createObjects(rouse.admin, [sourceOf(place)]),
      end: (place) => deleteObject(rouse.admin, sourceOf(place)),
      usage: () => rouse.usage(),
      [Symbol.asyncDispose]: () => scope.close(),
    };
  });
}

/** Starts a process that does the same by hand, into a stream that is kept as the log of `like` is. */
export function startBareIntake(
  binary: NatsServerBinary,
  like: IntakeSide,
  module: string,
  upstream: string,
  type: string,
): Promise<IntakeSide> {
  return opened(async (scope) => {
    const nats = scope.use(await startFreshNats(binary));
    await createLog(nats.address, await like.log.config());
    const log = scope.use(await viewLog(nats.address, logStream));
    const loop = scope.use(startChild<LoopMethods>(module, { profiled: true }));
    await loop.call("connect", { nats: nats.address, subject: logSubject(type), upstream });
    return {
      name: "bare",
      log,
      begin: (place) => loop.call("begin", place),
      end: () => loop.call("end", undefined),
      usage: () => loop.call("usage", undefined),
      [Symbol.asyncDispose]: () => scope.close(),
    };
  });
}
