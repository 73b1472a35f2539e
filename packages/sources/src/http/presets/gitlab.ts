import type { Delivery } from "../delivery.ts";
import { type Distrust, missing, type Preset, type SignatureCheck } from "../preset.ts";
import { isToken } from "../signature.ts";
import { signingKey, standardDistrust } from "../standard-webhooks.ts";

const header = "X-Gitlab-Token";
const subjects = ["/object_attributes/iid", "/build_id", "/ref", "/tag", "/object_attributes/id"];

/** GitLab: a shared token in a header, or, with a signing token (`whsec_…`), a signature over id, time and body. */
export const gitlab: Preset = {
  open: false,
  storedStatus: 202,
  distrust(check: SignatureCheck): Distrust | undefined {
    const keys = check.secrets.map(signingKey).filter((key) => key !== undefined);
    if (keys.length > 0 && (keys.length === check.secrets.length || check.headers.has("webhook-signature"))) {
      return standardDistrust(check, keys);
    }
    const given = check.headers.one(header);
    if (given === undefined) return missing(check.headers, header, "give the webhook a secret token in GitLab");
    const tokens = check.secrets.filter((secret) => signingKey(secret) === undefined);
    if (isToken(given, tokens)) return undefined;
    const detail = `the token in ${header} is not this source's`;
    return { kind: "wrong", detail, hint: "give the webhook in GitLab and this source the same secret token" };
  },
  unwrap: (delivery) => delivery,
  reply: () => undefined,
  attributes(delivery) {
    const kind = delivery.firstText(["/object_kind", "/event_name"]) ?? kindOfHeader(delivery);
    const action = delivery.text("/object_attributes/action");
    return {
      type: kind && `com.gitlab.${kind}${action === undefined ? "" : `.${action}`}`,
      source: delivery.firstText(["/project/web_url", "/group/web_url", "/repository/homepage"]),
      subject: delivery.firstText(subjects),
      // The only one that is signed, where something is: a repeated delivery could come with others than it had.
      // X-Gitlab-Event-UUID is shared by the hooks that one event leads to, but older GitLabs have nothing better.
      id: delivery.header("webhook-id") ?? delivery.header("Idempotency-Key") ?? delivery.header("X-Gitlab-Event-UUID"),
      time: undefined,
    };
  },
};

/** `Merge Request Hook` is `merge_request`. */
function kindOfHeader(delivery: Delivery): string | undefined {
  const name = delivery.header("X-Gitlab-Event")?.replace(/ hook$/i, "");
  return name?.toLowerCase().replaceAll(" ", "_");
}
