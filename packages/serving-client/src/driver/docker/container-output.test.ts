import { PassThrough } from "node:stream";
import { ManualClock } from "@rouse/base";
import { expect, test } from "vitest";
import { followOutput } from "./container-output.ts";

/** A frame of standard output, as an engine sends it. */
function frame(text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function followed() {
  const clock = new ManualClock();
  const stream = new PassThrough();
  const lines: string[] = [];
  const output = followOutput(stream, clock, (_name, text) => void lines.push(text));
  const print = async (text: string) => {
    stream.write(frame(`${text}\n`));
    await expect.poll(() => lines.at(-1), { interval: 1 }).toBe(text);
  };
  let read = false;
  const rest = () => {
    void output.rest().then(() => {
      read = true;
    });
  };
  return { clock, stream, lines, output, print, rest, isRead: () => read };
}

test("container output: is waited for as long as it flows, and 2 s more", async () => {
  const { clock, print, rest, isRead } = followed();
  await print("before");
  await clock.advance(60_000);
  rest();
  for (let n = 0; n < 6; n++) {
    await clock.advance(1_900);
    expect(isRead()).toBe(false);
    await print(`line ${n}`);
  }
  await clock.advance(1_999);
  expect(isRead()).toBe(false);
  await clock.advance(1);
  expect(isRead()).toBe(true);
});

test("container output: the rest is read when the stream ends, with what was printed last", async () => {
  const { clock, stream, lines, output, rest, isRead } = followed();
  rest();
  await clock.advance(500);
  stream.end(frame("last"));
  await output.ended;
  await clock.advance(0);
  expect([isRead(), lines]).toEqual([true, ["last"]]);
});

test("container output: without an end it is waited for 15 s at most", async () => {
  const { clock, print, rest, isRead } = followed();
  rest();
  for (let n = 0; n < 14; n++) {
    await clock.advance(1_000);
    await print(`line ${n}`);
  }
  expect(isRead()).toBe(false);
  await clock.advance(1_000);
  expect(isRead()).toBe(true);
});
