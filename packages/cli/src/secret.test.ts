import { expect, test } from "vitest";
import { testContext } from "./context.testing.ts";
import { testFolder } from "./folder.testing.ts";
import { runRouse } from "./rouse.ts";
import { readSecret, secretKeyFiles } from "./secret.ts";

test("secret: the file comes before the environment, without white space around it", async () => {
  await using folder = await testFolder({ token: "from the file\n" });
  expect(await readSecret("token", "from the environment", folder.path)).toBe("from the file");
  expect(await readSecret(undefined, "from the environment", folder.path)).toBe("from the environment");
  expect(await readSecret(undefined, "", folder.path)).toBeUndefined();
});

test("secret: an empty file is refused", async () => {
  await using folder = await testFolder({ token: "\n" });
  await expect(readSecret("token", undefined, folder.path)).rejects.toThrow("got an empty file");
});

const env = { ROUSE_DATA_PLANE_TOKEN: "secret", ROUSE_DATA_PLANE: "http://10.0.0.1:8080" };

test.each(["up", "dev"])("rouse %s: gives the server the data plane's token", async (command) => {
  await using folder = await testFolder({ token: "secret\n", "a.yaml": "" });
  const given: unknown[] = [];
  const startServer = async (config: { readonly dataPlaneToken?: string }) => {
    given.push(config.dataPlaneToken);
    throw new Error("enough");
  };
  const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runRouse(argv, testContext({ cwd: folder.path, env, server: { startServer } }).context);
  await run([command, "--memory"]);
  await run([command, "--memory"], env);
  await run([command, "--memory", "--data-plane-token-file", "token"]);
  expect(given).toEqual([undefined, "secret", "secret"]);
});

test("rouse send: shows the token of the environment to the server's brokers, and to no other URL", async () => {
  const { context, requests } = testContext({ env, answer: () => ({ status: 202 }) });
  expect(await runRouse(["send"], context)).toBe(0);
  expect(await runRouse(["send", "--to", "http://elsewhere/"], context)).toBe(0);
  expect(requests.map(({ request }) => request.headers?.authorization)).toEqual(["Bearer secret", undefined]);
});

test("rouse send: says how to give the token when it is missing", async () => {
  const json = { title: "Unauthorized", detail: "a token is wanted", hint: "send Authorization" };
  const { context, stderr } = testContext({ answer: () => ({ status: 401, json }) });
  expect(await runRouse(["send", "--data-plane", "http://10.0.0.1:8080"], context)).toBe(1);
  expect(stderr()).toBe(
    "error: a token is wanted\nhint:  give its token with --data-plane-token-file or ROUSE_DATA_PLANE_TOKEN\n",
  );
});

test("secret key files: an option goes before the environment, and a path starts from the working folder", () => {
  const env = { ROUSE_SECRET_KEY_FILE: "keys/env", ROUSE_SECRET_KEY_FILE_PREVIOUS: "/etc/old" };
  expect(secretKeyFiles({ secretKeyFile: "given" }, { env, cwd: "/srv" })).toEqual({
    secretKeyFile: "/srv/given",
    secretKeyFilePrevious: "/etc/old",
  });
  expect(secretKeyFiles({}, { env, cwd: "/srv" }).secretKeyFile).toBe("/srv/keys/env");
  expect(secretKeyFiles({}, { env: { ROUSE_SECRET_KEY_FILE: "" }, cwd: "/srv" })).toEqual({});
});
