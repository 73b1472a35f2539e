import type { Mechanism } from "kafkajs";

const separator = "\u0001";

/**
 * SASL OAUTHBEARER (RFC 7628) with a token. The client's own takes a refusal for success, because it does not read the
 * challenge in which the broker says so, and fails later with what says nothing about the token.
 */
export function oauthBearer(token: string): Mechanism {
  return {
    mechanism: "OAUTHBEARER",
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const send = (text: string) =>
          saslAuthenticate({ request: { encode: () => sized(text) }, response: { decode: textOf, parse: asItIs } });
        try {
          const challenge = await send(`n,,${separator}auth=Bearer ${token}${separator}${separator}`);
          if (!challenge) return;
          // The broker ends the exchange with its error once the challenge was taken note of.
          await send(separator);
          throw new Error("the token was refused");
        } catch (failure) {
          const message = failure instanceof Error ? failure.message : "the token was refused";
          // In the form of the client's own errors, which tells it that trying again is useless.
          const form = { name: "KafkaJSSASLAuthenticationError", retriable: false };
          throw Object.assign(new Error(`SASL OAUTHBEARER authentication failed: ${message}`), form);
        }
      },
    }),
  };
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

async function textOf(raw: Buffer): Promise<Buffer> {
  return raw.subarray(4);
}

async function asItIs(data: Buffer): Promise<string> {
  return data.toString();
}
