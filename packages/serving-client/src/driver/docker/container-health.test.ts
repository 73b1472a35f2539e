import { expect, test } from "vitest";
import { HealthEvents, lastCheck } from "./container-health.ts";

const event = (fields: object) => `${JSON.stringify({ Type: "container", ...fields })}\n`;

test("container health: an unhealthy container is told of by Docker and by Podman, wherever the event is cut", () => {
  const docker = event({ Action: "health_status: unhealthy" });
  const podman = event({ Action: "health_status", HealthStatus: "unhealthy" });
  for (const text of [docker, podman]) {
    for (let cut = 0; cut < text.length; cut++) {
      const events = new HealthEvents();
      expect(events.push(text.slice(0, cut))).toBe(false);
      expect(events.push(text.slice(cut))).toBe(true);
    }
  }
});

test("container health: nothing else that is told makes a container unhealthy", () => {
  const events = new HealthEvents();
  expect(events.push(event({ Action: "health_status: healthy" }))).toBe(false);
  expect(events.push(event({ Action: "health_status", HealthStatus: "starting" }))).toBe(false);
  expect(events.push("null\nnot json\n\n")).toBe(false);
});

test("container health: the first line that the last check printed is told, cut short", () => {
  const log = [{ ExitCode: 1, Output: "first" }];
  expect(lastCheck([...log, { ExitCode: 7, Output: "\n  curl: (7) refused \r\nmore" }])).toBe("curl: (7) refused");
  expect(lastCheck([...log, { ExitCode: 1, Output: "x".repeat(500) }])).toBe("x".repeat(200));
});

test("container health: a check that printed nothing is told by its code, an unknown one not at all", () => {
  expect(lastCheck([{ ExitCode: 3, Output: " \n" }])).toBe("exited with code 3");
  expect([lastCheck(undefined), lastCheck(null), lastCheck([])]).toEqual(["", "", ""]);
});
