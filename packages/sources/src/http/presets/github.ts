import { Delivery } from "../delivery.ts";
import { textAnswer } from "../hook.ts";
import { type Distrust, missing, type Preset, type SignatureCheck, wrong } from "../preset.ts";
import { isSigned } from "../signature.ts";

const header = "X-Hub-Signature-256";

/** What an event is about, the most particular first. */
const subjects = [
  "/pull_request/number",
  "/issue/number",
  "/discussion/number",
  "/release/tag_name",
  "/check_run/id",
  "/check_suite/id",
  "/workflow_job/id",
  "/workflow_run/id",
  "/deployment/id",
  "/ref",
];
const sources = ["/repository/html_url", "/installation/account/html_url", "/organization/url", "/sender/html_url"];

/** GitHub: signs the body, names the event and the delivery in headers, and begins with a ping. */
export const github: Preset = {
  open: false,
  storedStatus: 202,
  distrust(check: SignatureCheck): Distrust | undefined {
    const given = check.headers.one(header);
    if (given === undefined) {
      const old = check.headers.has("X-Hub-Signature");
      const hint = old
        ? "X-Hub-Signature is made with SHA-1 and not accepted; GitHub sends both when the webhook has a secret"
        : "give the webhook a secret in GitHub's settings";
      return missing(check.headers, header, hint);
    }
    const signature = /^sha256=([0-9a-f]{64})$/i.exec(given)?.[1] ?? "";
    const form = { algorithm: "sha256", encoding: "hex" } as const;
    return isSigned(form, check.secrets, [signature], [check.body]) ? undefined : wrong(header);
  },
  // GitHub's older default content type: the same JSON in a form's only field.
  unwrap(delivery) {
    const payload = delivery.form()?.get("payload");
    if (payload === undefined || payload === null) return delivery;
    return new Delivery(delivery.headers, new TextEncoder().encode(payload), "application/json");
  },
  reply: (delivery) => (delivery.header("X-GitHub-Event") === "ping" ? textAnswer(200, "pong") : undefined),
  attributes(delivery) {
    const event = delivery.header("X-GitHub-Event");
    const action = delivery.text("/action");
    return {
      type: event && `com.github.${event}${action === undefined ? "" : `.${action}`}`,
      source: delivery.firstText(sources),
      subject: delivery.firstText(subjects),
      id: delivery.header("X-GitHub-Delivery"),
      time: undefined,
    };
  },
};
