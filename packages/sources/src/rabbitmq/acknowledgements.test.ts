import type { ConsumeMessage } from "amqplib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Acknowledgements } from "./acknowledgements.ts";

function opened() {
  const told: string[] = [];
  const turns: (() => void)[] = [];
  const acks = new Acknowledgements(
    {
      ack: ({ fields }, allUpTo = false) => void told.push(`${allUpTo ? "ack up to" : "ack"} ${fields.deliveryTag}`),
      nack: ({ fields }) => void told.push(`nack ${fields.deliveryTag}`),
    },
    (run) => turns.push(run),
  );
  let tag = 0;
  const take = () => acks.take({ fields: { deliveryTag: ++tag } } as unknown as ConsumeMessage);
  const turn = () => {
    for (const run of turns.splice(0)) run();
  };
  return { acks, told, take, turn };
}

test("rabbitmq acknowledgements: what was stored in one turn is acknowledged with one frame", () => {
  const { acks, told, take, turn } = opened();
  const taken = [take(), take(), take(), take()];
  for (const at of [1, 0, 2]) acks.acknowledge(taken[at]!);
  expect(told).toEqual([]);
  turn();
  acks.acknowledge(taken[3]!);
  turn();
  expect(told).toEqual(["ack up to 3", "ack up to 4"]);
});

test("rabbitmq acknowledgements: one that is not stored holds up no other, and is in no frame of others", () => {
  const { acks, told, take, turn } = opened();
  const [first, second, third, fourth] = [take(), take(), take(), take()];
  acks.acknowledge(second);
  acks.acknowledge(fourth);
  turn();
  expect(told.splice(0)).toEqual(["ack 2", "ack 4"]);
  acks.acknowledge(first);
  turn();
  expect(told.splice(0)).toEqual(["ack up to 1"]);
  acks.acknowledge(third);
  turn();
  expect(told).toEqual(["ack up to 3"]);
});

test("rabbitmq acknowledgements: a rejection is told at once and never acknowledged", () => {
  const { acks, told, take, turn } = opened();
  const [first, second, third] = [take(), take(), take()];
  acks.acknowledge(first);
  acks.acknowledge(third);
  acks.reject(second);
  turn();
  expect(told).toEqual(["nack 2", "ack up to 3"]);
});

test("rabbitmq acknowledgements: nothing is told of a channel that is gone", () => {
  const { acks, told, take, turn } = opened();
  const [first, second] = [take(), take()];
  acks.acknowledge(first);
  acks.end();
  acks.reject(second);
  turn();
  expect(told).toEqual([]);
});

test("rabbitmq acknowledgements: each delivery is answered once and after it was settled, in any order", () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "take" as const }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("settle" as const), at: fc.nat(), dead: fc.boolean() }) },
    { weight: 2, arbitrary: fc.constant({ kind: "turn" as const }) },
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const { acks, told, take, turn } = opened();
      const open = new Map<number, ReturnType<typeof take>>();
      const settled = new Map<number, "ack" | "nack">();
      // As RabbitMQ counts: what was delivered and not answered.
      const outstanding = new Set<number>();
      const check = () => {
        for (const line of told.splice(0)) {
          const tag = Number(/\d+$/.exec(line)![0]);
          expect(outstanding.has(tag)).toBe(true);
          const answered = line.startsWith("ack up to") ? [...outstanding].filter((each) => each <= tag) : [tag];
          for (const each of answered) {
            expect(settled.get(each)).toBe(line.startsWith("nack") ? "nack" : "ack");
            outstanding.delete(each);
          }
        }
      };
      for (const each of commands) {
        if (each.kind === "take") {
          const taken = take();
          open.set(taken.delivery.fields.deliveryTag, taken);
          outstanding.add(taken.delivery.fields.deliveryTag);
        } else if (each.kind === "settle" && open.size > 0) {
          const [tag, taken] = [...open][each.at % open.size]!;
          open.delete(tag);
          settled.set(tag, each.dead ? "nack" : "ack");
          if (each.dead) acks.reject(taken);
          else acks.acknowledge(taken);
        } else turn();
        check();
      }
      turn();
      check();
      expect([...outstanding]).toEqual([...open.keys()]);
    }),
    { numRuns: 60 },
  );
});
