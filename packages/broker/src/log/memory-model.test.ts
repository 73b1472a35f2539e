import { ManualClock } from "@rouse/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Engine, HeldMessage, Puller, Stream } from "./engine.ts";
import { createMemoryEngine } from "./memory-engine.ts";

type Command =
  | { readonly kind: "append"; readonly tail: string }
  | { readonly kind: "ack" | "nak" | "delay" | "working"; readonly index: number }
  | { readonly kind: "remove"; readonly sequence: number }
  | { readonly kind: "purge"; readonly tail: string }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "window"; readonly size: number }
  | { readonly kind: "reopen" | "restart" };

const tail = fc.constantFrom("a", "b");
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("append" as const), tail }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("ack", "nak", "delay", "working"),
      index: fc.nat(10),
    }) as fc.Arbitrary<Command>,
  },
  fc.record({ kind: fc.constant("remove" as const), sequence: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant("purge" as const), tail }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(150) }),
  fc.record({ kind: fc.constant("window" as const), size: fc.nat(4) }),
  fc.record({ kind: fc.constantFrom("reopen", "restart") }) as fc.Arbitrary<Command>,
);

/** A work queue with one cursor on subject a, and what must be true of it. */
class Trial {
  readonly clock = new ManualClock();
  readonly engine: Engine = createMemoryEngine({ clock: this.clock });
  readonly living = new Set<number>();
  readonly others = new Set<number>();
  held: HeldMessage[] = [];
  window = 2;
  private arrived: number[] = [];
  private excess = 0;
  private stream!: Stream;
  private puller: Puller | undefined;
  private count = 0;

  async open(): Promise<void> {
    this.stream = await this.engine.stream({
      name: "Q",
      subjects: ["q.*"],
      retention: "workqueue",
      maxAgeMs: 0,
      maxBytes: 0,
      duplicateWindowMs: 1000,
      replicas: 1,
      discard: "new",
    });
    await this.cursor.open();
    this.pull();
  }

  get cursor() {
    return this.stream.cursor({ name: "lane", filterSubject: "q.a", ackWaitMs: 100, maxAckPending: 3 });
  }

  async run(one: Command): Promise<void> {
    switch (one.kind) {
      case "append": {
        const message = {
          subject: `q.${one.tail}`,
          headers: {},
          data: new Uint8Array(1),
          messageId: `${this.count++}`,
        };
        const { sequence } = await this.stream.append(message);
        (one.tail === "a" ? this.living : this.others).add(sequence);
        break;
      }
      case "remove":
        expect(await this.stream.remove(one.sequence)).toBe(this.forget(one.sequence));
        break;
      case "purge": {
        const set = one.tail === "a" ? this.living : this.others;
        expect(await this.stream.purge(`q.${one.tail}`)).toBe(set.size);
        set.clear();
        break;
      }
      case "pass":
        await this.clock.advance(one.ms);
        break;
      case "window":
        this.window = one.size;
        this.puller?.ask();
        break;
      case "reopen":
        await this.cursor.delete();
        this.held = [];
        await this.cursor.open();
        this.pull();
        break;
      case "restart":
        this.puller?.stop();
        this.pull();
        break;
      default:
        this.settle(one);
    }
    await this.clock.advance(0);
    await this.check();
  }

  /** Settles whatever comes until nothing is left. */
  async drain(): Promise<void> {
    this.window = 10;
    for (let round = 0; this.living.size > 0 && round < 100; round++) {
      for (const message of this.held) message.ack();
      for (const { sequence } of this.held) this.living.delete(sequence);
      this.held = [];
      this.puller?.ask();
      await this.clock.advance(300);
    }
  }

  private settle(one: { readonly kind: "ack" | "nak" | "delay" | "working"; readonly index: number }): void {
    const message = this.held[one.index % Math.max(1, this.held.length)];
    if (!message) return;
    if (one.kind === "working") message.working();
    else this.held = this.held.filter((other) => other !== message);
    if (one.kind === "nak") message.nak();
    if (one.kind === "delay") message.nak(50);
    if (one.kind !== "ack") return;
    message.ack();
    this.living.delete(message.sequence);
  }

  private forget(sequence: number): boolean {
    return this.living.delete(sequence) || this.others.delete(sequence);
  }

  private pull(): void {
    this.puller = this.cursor.pull({
      window: () => this.window,
      onMessage: (message) => {
        this.arrived.push(message.sequence);
        if (this.puller!.held > this.window) this.excess++;
        this.held.push(message);
      },
      onGone: () => {},
    });
  }

  private async check(): Promise<void> {
    expect(this.arrived.filter((sequence) => !this.living.has(sequence))).toEqual([]);
    expect(this.excess).toBe(0);
    this.arrived = [];
    const info = (await this.cursor.info())!;
    expect(info.pending + info.ackPending).toBe(this.living.size);
    expect((await this.stream.info()).messages).toBe(this.living.size + this.others.size);
  }
}

test("memory engine: under random commands no message is lost, invented, or handed out beyond the window", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const trial = new Trial();
      await trial.open();
      for (const one of commands) await trial.run(one);
      await trial.drain();
      expect([...trial.living]).toEqual([]);
      await trial.engine[Symbol.asyncDispose]();
      expect(trial.clock.timers).toBe(0);
    }),
    { numRuns: 60 },
  );
});
