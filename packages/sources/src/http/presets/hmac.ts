import { type Distrust, missing, type Preset, type SignatureCheck, staleness, wrong } from "../preset.ts";
import { isSigned } from "../signature.ts";
import { anySender } from "./none.ts";

const hint = "sign deliveries as the source declares it";

/** Any sender that signs with HMAC, as its scheme says. */
export const hmac: Preset = {
  ...anySender,
  distrust(check: SignatureCheck): Distrust | undefined {
    const scheme = check.hmac;
    // Admission refuses it; nothing can be believed then.
    if (!scheme?.signed.includes("{body}")) {
      return { kind: "wrong", detail: "the source declares no signature over the body", hint };
    }
    const { headers } = check;
    const given = headers.one(scheme.header);
    if (given === undefined) return missing(headers, scheme.header, hint);
    const time = scheme.timestampHeader === undefined ? "" : headers.one(scheme.timestampHeader);
    if (time === undefined) return missing(headers, scheme.timestampHeader!, hint);
    const id = scheme.idHeader === undefined ? "" : headers.one(scheme.idHeader);
    if (id === undefined) return missing(headers, scheme.idHeader!, hint);
    const signature = given.startsWith(scheme.prefix) ? given.slice(scheme.prefix.length) : "";
    const pieces = scheme.signed.split(/(\{id\}|\{timestamp\}|\{body\})/).map((piece) => {
      if (piece === "{id}") return id;
      if (piece === "{timestamp}") return time;
      return piece === "{body}" ? check.body : piece;
    });
    if (!isSigned(scheme, check.secrets, [signature], pieces)) return wrong(scheme.header);
    return scheme.timestampHeader === undefined ? undefined : staleness(time, scheme.timestampHeader, check);
  },
};
