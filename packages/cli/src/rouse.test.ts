import { expect, test } from "vitest";
import type { CommandDefinition } from "./command.ts";
import { testContext } from "./context.testing.ts";
import { brokerYaml, testFolder } from "./folder.testing.ts";
import { rouse, runRouse } from "./rouse.ts";

const notFound = {
  kind: "Status",
  status: "Failure",
  message: 'triggers.eventing.knative.dev "x" not found',
  reason: "NotFound",
};

test.each([
  ["aply", 2, 'unknown command "aply"', "did you mean apply?"],
  ["get", 2, 'missing required argument "kind"', "see rouse get --help"],
  ["get trigerz", 2, 'kind "trigerz" is not known', 'did you mean "triggers"?'],
  ["get nonsense", 2, 'kind "nonsense" is not known', "kinds are secrets, brokers"],
  ["get triggers -o xml", 2, "--output: expected one of json, yaml, name, wide", undefined],
  ["get all x", 2, "a name needs one kind", undefined],
  ["get triggers -n Shop", 2, "--namespace: expected ", undefined],
  ["get triggers --sever http://x", 2, 'unknown option "--sever"', "did you mean --server?"],
  ["get triggers --server nonsense", 2, "expected the server as an http or https URL", "such as --server"],
  ["get triggers --token-file /nowhere/token", 2, "cannot be read: ENOENT", "check the path"],
  ["apply", 2, "expected what to apply", "such as rouse apply"],
  ["apply -f", 2, "argument missing", "see rouse apply --help"],
  ["apply -f missing.yaml", 3, "there is no file or folder missing.yaml", "give a manifest"],
  ["delete", 2, "expected either KIND NAME or -f FILE", undefined],
  ["delete trigger", 2, "expected the name of the trigger", undefined],
  ["send -f novalue", 2, "--field: expected path=value", undefined],
  ["send -f a=1 -d x", 2, "exclude each other", undefined],
  ["send -e Big=1", 2, 'attribute "Big"', "rename"],
  ["send -r a/b/c", 2, "expected a broker as NAME", undefined],
  ["send -d @missing", 2, "missing cannot be read: ENOENT", undefined],
  ["send", 5, "no rouse server answers at http://127.0.0.1:8081", "start one with: rouse dev"],
  ["get triggers", 5, "no rouse server answers at http://127.0.0.1:8081", "start one with: rouse dev"],
  ["tail", 5, "no rouse server answers", "start one with: rouse dev"],
  ["tail --limit -1", 2, '--limit: expected a whole number of at least 0, got "-1"', undefined],
  ["dev --data-plane nowhere", 2, "--data-plane: expected HOST:PORT", "port 0 takes any free port"],
  ["dev -f -", 2, "standard input cannot be watched", undefined],
  ["up", 1, "there is no nats-server to keep events", "put nats-server on PATH"],
  ["up --nats-user x", 2, "no NATS server", "add --nats URL"],
  ["up --nats nats://x --nats-cert c", 2, "belong together", "give both"],
  ["up --nats nats://x --memory", 2, "exclude each other", undefined],
  ["up --memory --data-plane-token-file /nowhere/t", 2, "/nowhere/t cannot be read: ENOENT", "check the path"],
  ["send -r http://x/ --data-plane-token-file /nowhere/t", 2, "/nowhere/t cannot be read: ENOENT", "check the path"],
  ["up --nats nats://x --nats-password-file /nowhere/p", 2, "cannot be read: ENOENT", undefined],
  ["dev -f missing", 3, "there is no file or folder missing", undefined],
  ["dev --until-deliveries 0", 2, "expected a whole number of at least 1", undefined],
])("rouse %s: ends with %d and says what to do", async (line, code, message, hint) => {
  const { context, stderr } = testContext();
  expect(await runRouse(line.split(" "), context)).toBe(code);
  expect(stderr()).toContain("error: ");
  expect(stderr()).toContain(message);
  if (hint !== undefined) expect(stderr()).toContain(`hint:  ${hint}`);
  expect(stderr()).not.toMatch(/^\s+at /m);
});

test.each([
  [404, 3],
  [409, 4],
  [422, 4],
  [401, 1],
  [503, 1],
])("rouse get: an answer of %d ends with %d", async (status, code) => {
  const { context, stderr } = testContext({ answer: () => ({ status, json: notFound }) });
  expect(await runRouse(["get", "trigger", "x"], context)).toBe(code);
  expect(stderr()).toContain('triggers.eventing.knative.dev "x" not found');
});

test("rouse get: an answer that is no JSON is told as such, without its text", async () => {
  const { context, stderr } = testContext({ answer: () => ({ status: 200, text: "<html>" }) });
  expect(await runRouse(["get", "triggers"], context)).toBe(1);
  expect(stderr()).toBe(
    "error: expected JSON from http://127.0.0.1:8081, got something else\nhint:  is it the admin listener of rouse?\n",
  );
});

test.each([
  ["UND_ERR_SOCKET", "something that is no rouse server answers at http://127.0.0.1:8081"],
  ["HPE_INVALID_CONSTANT", "something that is no rouse server answers at http://127.0.0.1:8081"],
  ["UND_ERR_HEADERS_TIMEOUT", "the rouse server at http://127.0.0.1:8081 went away"],
])("rouse get: %s instead of a first answer is told as what it is", async (code, message) => {
  const { context, stderr } = testContext({
    answer() {
      throw Object.assign(new Error("other side closed"), { code });
    },
  });
  expect(await runRouse(["get", "triggers"], context)).toBe(5);
  expect(stderr()).toContain(message);
});

test("rouse apply: a server that has answered before went away", async () => {
  const { context, stderr } = testContext({
    stdin: brokerYaml,
    answer(_url, { method }) {
      if (method !== "POST") return { status: 404, json: {} };
      throw Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
    },
  });
  expect(await runRouse(["apply", "-f", "-"], context)).toBe(5);
  expect(stderr()).toContain("the rouse server at http://127.0.0.1:8081 went away: other side closed");
});

test("rouse check: every problem comes with its place", async () => {
  await using folder = await testFolder({ "a.yaml": `${brokerYaml}spce: {}\n`, "b.yaml": "apiVersion: v1\nkind: [\n" });
  const { context, stderr } = testContext({ cwd: folder.path });
  expect(await runRouse(["check"], context)).toBe(4);
  expect(stderr()).toMatch(/^error: \d problems\n/);
  expect(stderr()).toMatch(/a\.yaml:5:1: .*spce/);
  expect(stderr()).toMatch(/b\.yaml:\d+:\d+: /);
});

test("rouse check: counts what is in order, and leaves YAML of others alone", async () => {
  await using folder = await testFolder({ "a.yaml": brokerYaml, "compose.yaml": "services: {}\n" });
  const { context, stdout, stderr } = testContext({ cwd: folder.path });
  expect(await runRouse(["check"], context)).toBe(0);
  expect(stdout()).toBe("1 object in 1 file: in order\n");
  expect(stderr()).toContain("compose.yaml has no apiVersion");
});

test("rouse apply: sends nothing when one document is wrong", async () => {
  const { context, requests, stderr } = testContext({
    stdin: `${brokerYaml}---\nkind: Trigger\n`,
    answer: () => ({ status: 500 }),
  });
  expect(await runRouse(["apply", "-f", "-"], context)).toBe(4);
  expect(requests).toEqual([]);
  expect(stderr()).toMatch(/^error: \d problems?; nothing was applied\n/);
});

test("rouse --version and rouse without a command: answer on stdout with 0", async () => {
  const version = testContext();
  expect(await runRouse(["--version"], version.context)).toBe(0);
  expect(version.stdout()).toBe("rouse 1.2.3\n");
  const help = testContext();
  expect(await runRouse([], help.context)).toBe(0);
  expect(help.stdout()).toContain("Exit codes:");
});

test.each(["dead", "ping"])("rouse %s: without a command of its own shows its help, and ends with 2", async (name) => {
  const { context, stdout, stderr } = testContext();
  expect(await runRouse([name], context)).toBe(2);
  expect(stdout()).toBe("");
  expect(stderr()).toContain(`Usage: rouse ${name} `);
  expect(stderr()).not.toContain("error: ");
});

function paths(commands: readonly CommandDefinition[], before: readonly string[] = []): string[][] {
  return commands.flatMap((each) => [[...before, each.name], ...paths(each.commands ?? [], [...before, each.name])]);
}

test.each(paths(rouse.commands).map((path) => [path.join(" "), path] as const))(
  "rouse %s --help: has examples that name it",
  async (shown, path) => {
    const { context, stdout } = testContext();
    expect(await runRouse([...path, "--help"], context)).toBe(0);
    expect(stdout()).toMatch(new RegExp(`Examples:\n(.*\n)*?.*rouse ${shown}`));
  },
);
