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
    if (!scheme?.signed.includes("{body}")) {
      return { kind: "wrong", detail: "the source declares no signature over the body", hint };
    }
    const { header, idHeader, prefix, timestampHeader } = scheme;
    const given = headers.one(header);
    if (given === undefined) return missing(headers, header, hint);
    const time = timestampHeader === undefined ? "" : headers.one(timestampHeader);
    if (time === undefined) return missing(headers, timestampHeader!, hint);
    const id = idHeader === undefined ? "" : headers.one(idHeader);
    if (id === undefined) return missing(headers, idHeader!, hint);
    const signature = given.startsWith(prefix) ? given.slice(prefix.length) : "";
    const pieces = scheme.signed.split(/(\{id\}|\{timestamp\}|\{body\})/).map((piece) => {
      if (piece === "{id}") return id;
      if (piece === "{timestamp}") return time;
      return piece === "{body}" ? body : piece;
    });
    if (!isSigned(scheme, secrets, [signature], pieces)) return wrong(header);
    return timestampHeader === undefined ? undefined : staleness(time, timestampHeader, check);
  },
  attributes(delivery, scheme) {
    const found = anySender.attributes(delivery, scheme);
    // An id that is signed: whoever repeats a delivery could choose any other.
    return scheme?.idHeader === undefined ? found : { ...found, id: delivery.header(scheme.idHeader) };
  },
};
