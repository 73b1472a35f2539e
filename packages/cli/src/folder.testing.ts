import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone with its scope. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
}

export async function testFolder(files: Readonly<Record<string, string>> = {}): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), "rouse-cli-"));
  const write = async (name: string, text: string) => {
    await writeFile(join(path, name), text);
    return join(path, name);
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export const brokerYaml = "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata:\n  name: default\n";

export const serviceYaml = [
  "apiVersion: serving.knative.dev/v1",
  "kind: Service",
  "metadata:",
  "  name: hello",
  "  annotations:",
  "    rouse.dev/command: node hello.mjs",
  "spec: {}",
  "",
].join("\n");
