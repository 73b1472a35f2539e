import { sleep, systemClock } from "@rouse/base";
import type { Sink } from "../sink.ts";
import { type Outside, sourceConformance } from "../source.conformance.ts";
import { bytes, definitionOf, hmacOf } from "./hook-rig.testing.ts";
import { createHttpSource, type HttpSource } from "./http-source.ts";

const storeTimeoutMs = 300;
const definition = definitionOf({
  preset: "hmac",
  signature: { header: "X-Signature", algorithm: "sha256", encoding: "hex", prefix: "", signed: "{body}" },
  event: { typeFrom: { header: "X-Event", prefix: "com.example." }, idFrom: { header: "X-Delivery" } },
  ceOverrides: { extensions: { team: "lamps" } },
});

/** A sender that signs, and repeats a delivery under its id until it hears something else than "not now". */
function openSender(): Outside {
  const gone = new AbortController();
  let source: HttpSource | undefined;
  let deliveries = 0;
  const deliver = async (text: string, delivery: string): Promise<void> => {
    const body = bytes(text);
    const headers = {
      "content-type": "text/plain",
      "x-event": "note",
      "x-delivery": delivery,
      "x-signature": hmacOf(body).toString("hex"),
    };
    const request = { method: "POST", path: "/", query: new URLSearchParams(), headers, body };
    while (!gone.signal.aborted) {
      const answer = await source!.receive(request, gone.signal);
      if (answer.status !== 503) return;
      await sleep(systemClock, 20, gone.signal);
    }
  };
  return {
    source(sink: Sink) {
      source = createHttpSource({ definition, sink, clock: systemClock, random: Math.random, storeTimeoutMs });
      return source;
    },
    async put(texts) {
      for (const text of texts) await deliver(text, `d-${++deliveries}`);
    },
    golden: {
      attributes: {
        specversion: "1.0",
        id: "d-1",
        source: "/apis/v1/namespaces/default/httpsources/hook",
        type: "com.example.note",
        datacontenttype: "text/plain",
        team: "lamps",
      },
      ignore: ["time"],
    },
    async [Symbol.asyncDispose]() {
      gone.abort();
    },
  };
}

sourceConformance("http source", {
  open: async () => openSender(),
  keeps: false,
  invalid: false,
  crashes: false,
  drainMs: storeTimeoutMs,
});
