import { expect, test } from "vitest";
import { addressOf, type Endpoint, type RabbitmqConnection, readConnection } from "./connection.ts";

function endpointOf(connection: RabbitmqConnection): Endpoint {
  const reading = readConnection(connection);
  if (reading.kind === "problem") throw new Error(reading.message);
  return reading.endpoint;
}

function problemOf(connection: RabbitmqConnection): string {
  const reading = readConnection(connection);
  if (reading.kind === "endpoint") throw new Error("it was read");
  return reading.message;
}

test("rabbitmq connection: a URI is read with its parts percent-decoded", () => {
  expect(endpointOf({ uri: "amqp://me%40home:p%2Fa%25s:s@mq.example:1234/a%2Fb" })).toEqual({
    secure: false,
    host: "mq.example",
    port: 1234,
    vhost: "a/b",
    login: { user: "me@home", password: "p/a%s:s" },
    tls: {},
    heartbeat: 10,
  });
});

test("rabbitmq connection: what is left out has RabbitMQ's defaults", () => {
  const guest = { user: "guest", password: "guest" };
  expect(endpointOf({ uri: "amqp://mq" })).toMatchObject({ port: 5672, vhost: "/", login: guest });
  expect(endpointOf({ uri: "amqps://mq/" })).toMatchObject({ secure: true, port: 5671, vhost: "/", login: guest });
  expect(endpointOf({ uri: "amqp://mq/%2F" }).vhost).toBe("/");
  expect(endpointOf({ uri: "amqp://[::1]:5673" })).toMatchObject({ host: "::1", port: 5673 });
});

test("rabbitmq connection: user, password and vhost beside the URI count more than those in it", () => {
  const connection = { uri: "amqp://a:b@mq/c", user: "x", password: "y%", vhost: "z%2F" };
  expect(endpointOf(connection)).toMatchObject({ login: { user: "x", password: "y%" }, vhost: "z%2F" });
  expect(endpointOf({ uri: "amqp://a@mq", password: "y" }).login).toEqual({ user: "a", password: "y" });
});

test("rabbitmq connection: a client certificate may say who it is, and the heartbeat may be changed but not turned off", () => {
  const uri = "amqps://mq?auth_mechanism=EXTERNAL&heartbeat=30";
  expect(endpointOf({ uri, tls: { cert: "c" } })).toMatchObject({
    login: undefined,
    heartbeat: 30,
    tls: { cert: "c" },
  });
  for (const heartbeat of ["0", "-1", "x", "100000"]) {
    expect(endpointOf({ uri: `amqp://mq?heartbeat=${heartbeat}` }).heartbeat).toBe(10);
  }
});

test("rabbitmq connection: a URI that cannot be read is a problem that shows nothing of it", () => {
  const secret = "s3cret";
  for (const uri of [
    "",
    `amqp//u:${secret}`,
    `amqp://u:${secret}#1@mq`,
    `amqp://u:%${secret}@mq`,
    `amqp://u:${secret} `,
  ]) {
    const problem = problemOf({ uri });
    expect(problem).toMatch(/URI of RabbitMQ/);
    expect(problem).not.toContain(secret);
  }
  expect(problemOf({ uri: `http://u:${secret}@mq` })).toBe(
    "the URI of RabbitMQ must begin with amqp:// or amqps://, not http://",
  );
});

test("rabbitmq connection: certificates without TLS are a problem, not left out", () => {
  expect(problemOf({ uri: "amqp://mq", tls: { ca: "pem" } })).toMatch(/write amqps/);
});

test("rabbitmq connection: an address is host and port", () => {
  expect(addressOf({ host: "mq", port: 1 })).toBe("mq:1");
  expect(addressOf({ host: "::1", port: 1 })).toBe("[::1]:1");
});
