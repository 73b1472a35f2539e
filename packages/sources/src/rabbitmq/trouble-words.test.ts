import { expect, test } from "vitest";
import type { Endpoint } from "./connection.ts";
import { type ChannelStep, channelWords, connectWords, lostWords } from "./trouble-words.ts";

const endpoint: Endpoint = {
  secure: false,
  host: "mq",
  port: 5672,
  vhost: "/shop",
  login: { user: "ann", password: "s3cret" },
  tls: {},
  heartbeat: 10,
};
const coded = (code: string, message = code) => Object.assign(new Error(message), { code });
const closed = (code: number, name: string, text: string) =>
  new Error(`Channel closed by server: ${code} (${name}) with message "${text}"`);

test.each([
  [coded("ECONNREFUSED"), "cannot reach RabbitMQ: nothing listens at mq:5672 (connection refused)"],
  [
    new AggregateError([coded("ECONNREFUSED")], ""),
    "cannot reach RabbitMQ: nothing listens at mq:5672 (connection refused)",
  ],
  [coded("ENOTFOUND"), 'cannot reach RabbitMQ: the host name "mq" is not known (ENOTFOUND)'],
  [coded("EHOSTUNREACH"), "cannot reach RabbitMQ: no way to mq:5672 (EHOSTUNREACH)"],
  [new Error("connect ETIMEDOUT"), "RabbitMQ at mq:5672 did not answer in time"],
  [coded("CERT_HAS_EXPIRED"), "the certificate of RabbitMQ at mq:5672 has expired"],
  [
    coded("SELF_SIGNED_CERT_IN_CHAIN"),
    "the certificate of RabbitMQ at mq:5672 is not trusted (SELF_SIGNED_CERT_IN_CHAIN): give the CA that signed it",
  ],
  [
    coded("ERR_TLS_CERT_ALTNAME_INVALID", "Host: mq. is not in the cert's altnames"),
    "the certificate of RabbitMQ at mq:5672 is for another host: Host: mq. is not in the cert's altnames",
  ],
  [
    coded(
      "ERR_SSL_WRONG_VERSION_NUMBER",
      "80BC:error:0A00010B:SSL routines:get_record:wrong version number:../a.c:1:\n",
    ),
    "TLS with RabbitMQ at mq:5672 failed (wrong version number): is it the port for TLS?",
  ],
  [
    coded(
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "80:error:0A:SSL routines:x:tlsv13 alert certificate required:y",
    ),
    "TLS with RabbitMQ at mq:5672 failed (tlsv13 alert certificate required): does it ask for a client certificate?",
  ],
  [
    new Error("Socket closed abruptly during opening handshake"),
    "RabbitMQ at mq:5672 closed the connection during the handshake; a port for TLS needs amqps://",
  ],
  [
    new Error("Expected ConnectionOpenOk; got <ConnectionClose channel:0>"),
    'RabbitMQ at mq:5672 did not open vhost "/shop" for user "ann": there is no such vhost, or the user has no permission in it',
  ],
  [
    new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - no"'),
    'RabbitMQ at mq:5672 refused user "ann", the password is wrong or it may not log in: ACCESS_REFUSED - no',
  ],
  [new Error("odd, s3cret"), "cannot connect to RabbitMQ at mq:5672: odd, ***"],
])("rabbitmq words: %s while connecting", (error, words) => {
  expect(connectWords(error, endpoint)).toBe(words);
});

test.each([
  [new Error("Heartbeat timeout"), "RabbitMQ at mq:5672 fell silent: nothing was heard for 20 s or more"],
  [
    new Error('Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - bye"'),
    "RabbitMQ at mq:5672 closed the connection: CONNECTION_FORCED - bye",
  ],
  [new Error("Unexpected close"), "the connection to RabbitMQ at mq:5672 was lost: Unexpected close"],
])("rabbitmq words: %s of an open connection", (error, words) => {
  expect(lostWords(error, endpoint)).toBe(words);
});

const queue: ChannelStep = { kind: "queue", name: "q" };
const exchange: ChannelStep = { kind: "exchange", name: "e" };
const binding: ChannelStep = { kind: "binding", queue: "q", exchange: "e" };
const consume: ChannelStep = { kind: "consume", queue: "q" };
const publish: ChannelStep = { kind: "publish", exchange: "e" };

test.each([
  [
    queue,
    closed(404, "NOT-FOUND", "NOT_FOUND - no queue 'q' in vhost '/shop'"),
    'no queue "q" in vhost "/shop" (NOT_FOUND)',
  ],
  [publish, closed(404, "NOT-FOUND", "NOT_FOUND - no exchange 'e'"), 'no exchange "e" in vhost "/shop" (NOT_FOUND)'],
  [binding, closed(404, "NOT-FOUND", "NOT_FOUND - no exchange 'e'"), 'no exchange "e" in vhost "/shop" (NOT_FOUND)'],
  [
    exchange,
    closed(406, "PRECONDITION-FAILED", "PRECONDITION_FAILED - inequivalent arg 'type'"),
    "exchange \"e\" exists with other arguments: PRECONDITION_FAILED - inequivalent arg 'type'; delete it there, or declare the source anew with predeclared: true",
  ],
  [
    consume,
    closed(406, "PRECONDITION-FAILED", "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"),
    "RabbitMQ took the messages back because they were not stored in time: PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out",
  ],
  [
    queue,
    closed(403, "ACCESS-REFUSED", "ACCESS_REFUSED - access to queue 'q' in vhost '/shop' refused for user 'ann'"),
    "user \"ann\" may not do this: declaring queue \"q\": ACCESS_REFUSED - access to queue 'q' in vhost '/shop' refused for user 'ann'",
  ],
  [
    consume,
    closed(405, "RESOURCE-LOCKED", "RESOURCE_LOCKED - x"),
    'queue "q" is used by another connection alone: RESOURCE_LOCKED - x',
  ],
  [consume, closed(541, "INTERNAL-ERROR", "oops"), 'RabbitMQ closed the channel while consuming from queue "q": oops'],
  [binding, new Error("channel closed"), 'binding queue "q" to exchange "e" failed: channel closed'],
])("rabbitmq words: %o, %s", (step, error, words) => {
  expect(channelWords(error, step, endpoint)).toBe(words);
});
