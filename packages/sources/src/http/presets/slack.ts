import { Delivery } from "../delivery.ts";
import { problemAnswer, textAnswer } from "../hook.ts";
import {
  type Distrust,
  missing,
  type Preset,
  type PresetAttributes,
  type SignatureCheck,
  staleness,
  wrong,
} from "../preset.ts";
import { isSigned } from "../signature.ts";

const header = "X-Slack-Signature";
const timeHeader = "X-Slack-Request-Timestamp";
const hint = "send the request from Slack, or sign it as it does, with the app's signing secret";

/** Slack: events, interactions and slash commands, all signed with their time. Slack wants 200, not 202. */
export const slack: Preset = {
  open: false,
  storedStatus: 200,
  distrust(check: SignatureCheck): Distrust | undefined {
    const given = check.headers.one(header);
    const time = check.headers.one(timeHeader);
    if (given === undefined) return missing(check.headers, header, hint);
    if (time === undefined) return missing(check.headers, timeHeader, hint);
    const signature = /^v0=([0-9a-f]{64})$/i.exec(given)?.[1] ?? "";
    const form = { algorithm: "sha256", encoding: "hex" } as const;
    if (!isSigned(form, check.secrets, [signature], [`v0:${time}:`, check.body])) return wrong(header);
    return staleness(time, timeHeader, check);
  },
  unwrap: (delivery) => delivery,
  reply(delivery) {
    if (delivery.form() || delivery.text("/type") !== "url_verification") return undefined;
    const challenge = delivery.text("/challenge");
    if (challenge !== undefined) return textAnswer(200, challenge);
    return problemAnswer(
      400,
      "SOURCE_HOOK_BODY_INVALID",
      "expected a challenge in the url_verification, there is none",
    );
  },
  attributes(delivery) {
    const form = delivery.form();
    return form ? ofForm(form, delivery) : ofEvent(delivery);
  },
};

function ofEvent(delivery: Delivery): PresetAttributes {
  const type = delivery.firstText(["/event/type", "/type"]);
  const time = Number(delivery.text("/event_time"));
  return {
    type: type && `com.slack.${type}`,
    source: undefined,
    subject: delivery.firstText(["/event/channel", "/event/channel/id", "/event/item/channel", "/event/user"]),
    id: delivery.text("/event_id"),
    time: Number.isFinite(time) ? time * 1_000 : undefined,
  };
}

/** A slash command, or an interaction: JSON in the field `payload`. The form stays the data. */
function ofForm(form: URLSearchParams, delivery: Delivery): PresetAttributes {
  const payload = form.get("payload");
  if (payload === null) {
    return {
      type: "com.slack.command",
      source: undefined,
      subject: form.get("command") ?? undefined,
      id: form.get("trigger_id") ?? undefined,
      time: undefined,
    };
  }
  const inner = new Delivery(delivery.headers, new TextEncoder().encode(payload), "application/json");
  return {
    type: `com.slack.interaction.${inner.text("/type") ?? "unknown"}`,
    source: undefined,
    subject: inner.firstText(["/callback_id", "/view/callback_id", "/actions/0/action_id", "/channel/id"]),
    id: inner.text("/trigger_id"),
    time: undefined,
  };
}
