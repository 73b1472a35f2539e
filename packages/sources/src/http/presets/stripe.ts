import type { Delivery } from "../delivery.ts";
import { type Distrust, missing, type Preset, type SignatureCheck, staleness, wrong } from "../preset.ts";
import { isSigned } from "../signature.ts";

const header = "Stripe-Signature";

/** Stripe: time and body are signed, with several signatures while a secret is exchanged. */
export const stripe: Preset = {
  open: false,
  storedStatus: 202,
  distrust(check: SignatureCheck): Distrust | undefined {
    const given = check.headers.one(header);
    if (given === undefined)
      return missing(check.headers, header, "send the webhook from Stripe, or sign it as it does");
    const fields = given.split(",").map((field) => field.trim());
    const time = fields.find((field) => field.startsWith("t="))?.slice(2) ?? "";
    const signatures = fields.filter((field) => field.startsWith("v1=")).map((field) => field.slice(3));
    const form = { algorithm: "sha256", encoding: "hex" } as const;
    if (!isSigned(form, check.secrets, signatures, [`${time}.`, check.body])) return wrong(header);
    return staleness(time, header, check);
  },
  unwrap: (delivery) => delivery,
  reply: () => undefined,
  attributes(delivery) {
    const type = delivery.text("/type");
    return {
      type: type && `com.stripe.${type}`,
      source: undefined,
      subject: delivery.firstText(["/data/object/id", "/related_object/id"]),
      id: delivery.text("/id"),
      time: timeOf(delivery),
    };
  },
};

/** Seconds in Stripe's first API, a timestamp in its second. */
function timeOf(delivery: Delivery): number | undefined {
  const created = delivery.text("/created") ?? "";
  return /^\d{1,12}$/.test(created) ? Number(created) * 1_000 : Date.parse(created) || undefined;
}
