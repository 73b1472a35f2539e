import { expect, test } from "vitest";
import { containerOf } from "./containers.testing.ts";
import { firstProgram, imageCommand, placesOf } from "./image-command.ts";

const image = imageCommand({ Entrypoint: ["entry"], Cmd: ["cmd"], WorkingDir: "/app", Env: ["PATH=/bin:/usr/bin"] });

test("image command: a container first runs its command, else what its image says", () => {
  const args = { args: ["arg"] };
  const bare = { ...image, entrypoint: [] };
  expect(firstProgram(containerOf("x", ["own"]).program, image)).toBe("own");
  expect(firstProgram(containerOf("x", undefined, args).program, image)).toBe("entry");
  expect(firstProgram(containerOf("x", undefined, args).program, bare)).toBe("arg");
  expect(firstProgram(containerOf("x").program, bare)).toBe("cmd");
  expect(firstProgram(containerOf("x").program, imageCommand({}))).toBeUndefined();
});

test("image command: a name is looked for in PATH, a path from where the container starts", () => {
  expect(placesOf("node", image, undefined)).toEqual(["/bin/node", "/usr/bin/node"]);
  expect(placesOf("node", image, "/opt")).toEqual(["/opt/node"]);
  expect(placesOf("./run", image, undefined)).toEqual(["/app/run"]);
  expect(placesOf("/run", image, undefined)).toEqual(["/run"]);
});

test("image command: an image checks the health of its containers unless it says nothing of it, or NONE", () => {
  const checks = (Healthcheck: Parameters<typeof imageCommand>[0]["Healthcheck"]) =>
    imageCommand({ Healthcheck }).checksHealth;
  expect(checks({ Test: ["CMD-SHELL", "curl localhost"] })).toBe(true);
  expect([checks(undefined), checks(null), checks({}), checks({ Test: [] }), checks({ Test: ["NONE"] })]).not.toContain(
    true,
  );
});
