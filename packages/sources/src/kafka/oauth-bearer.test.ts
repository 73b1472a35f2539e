import type { AuthenticationProviderArgs } from "kafkajs";
import { expect, test } from "vitest";
import { oauthBearer } from "./oauth-bearer.ts";

function sized(text: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(Buffer.byteLength(text));
  return Buffer.concat([size, Buffer.from(text)]);
}

/** Authenticates against a broker that answers with these texts, one after the other. */
async function authenticated(answers: readonly (string | Error)[]) {
  const sent: Buffer[] = [];
  const left = [...answers];
  const args = {
    host: "h",
    port: 1,
    async saslAuthenticate({ request, response }: Parameters<AuthenticationProviderArgs["saslAuthenticate"]>[0]) {
      sent.push(await request.encode());
      const answer = left.shift() ?? "";
      if (answer instanceof Error) throw answer;
      return response?.parse(await response.decode(sized(answer)));
    },
  } as unknown as AuthenticationProviderArgs;
  await oauthBearer("the-token").authenticationProvider(args).authenticate();
  return sent;
}

test("oauth bearer: sends the token as the RFC writes it", async () => {
  expect(await authenticated([""])).toEqual([sized("n,,\u0001auth=Bearer the-token\u0001\u0001")]);
});

test("oauth bearer: a challenge is a refusal, and the broker's own words come with it", async () => {
  const refused = authenticated(['{"status":"invalid_token"}', new Error("the token has expired")]);
  await expect(refused).rejects.toMatchObject({
    name: "KafkaJSSASLAuthenticationError",
    retriable: false,
    message: "SASL OAUTHBEARER authentication failed: the token has expired",
  });
});

test("oauth bearer: a challenge is a refusal also when the broker says nothing more", async () => {
  await expect(authenticated(['{"status":"invalid_token"}', ""])).rejects.toThrow("the token was refused");
});
