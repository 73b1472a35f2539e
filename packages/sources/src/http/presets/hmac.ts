import { type Distrust, missing, type Preset, type SignatureCheck, staleness, wrong } from "../preset.ts";
import { isSigned } from "../signature.ts";
import { anySender } from "./none.ts";

const hint = "sign deliveries as the source declares it";

/** Any sender that signs with HMAC, as its scheme says. */
export const hmac: Preset = {
  ...anySender,
  distrust(check: SignatureCheck): Distrust | undefined {
    const { headers, body, secrets, scheme } = check;
    // Admission refuses it; nothing can be believed then.
    if (scheme === undefined) return { kind: "wrong", detail: "the source declares no signature", hint };
    const { header, prefix, timestampHeader } = scheme;
    const given = headers.one(header);
    if (given === undefined) return missing(headers, header, hint);
    const signature = given.startsWith(prefix) ? given.slice(prefix.length) : "";
    if (timestampHeader === undefined) {
      return isSigned(scheme, secrets, [signature], [body]) ? undefined : wrong(header);
    }
    const time = headers.one(timestampHeader);
    if (time === undefined) return missing(headers, timestampHeader, hint);
    if (!isSigned(scheme, secrets, [signature], [`${time}.`, body])) return wrong(header);
    return staleness(time, timestampHeader, check);
  },
};
