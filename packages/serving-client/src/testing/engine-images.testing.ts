import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EngineApi } from "./engine-api.testing.ts";
import { foreignArchitecture, type ImageName, imageCommands, rootFileSystem } from "./root-file-system.testing.ts";

const execute = promisify(execFile);

/** Where images come from and go to. */
export interface ImagesOptions {
  readonly api: EngineApi;
  /** A busybox that needs no libraries. */
  readonly busybox: string;
  /** Of all images of this engine; random, so that nobody's image is replaced. */
  readonly tag: string;
  /** Of the engine, for what is made on the way. */
  readonly folder: string;
}

/** The images of one engine, made without a registry. */
export interface EngineImages {
  /** What each is called once it is there. */
  readonly names: Readonly<Record<ImageName, string>>;
  /** Imports an image on first use; resolves to its name. */
  image(name: ImageName): Promise<string>;
  /** Removes what was imported, with the containers made of it. */
  remove(): Promise<void>;
}

/** Images for tests of containers. Who starts the engine removes them. */
export function engineImages({ api, busybox, tag, folder }: ImagesOptions): EngineImages {
  // The host part keeps engines from looking for them at a registry.
  const named = (name: ImageName) => `localhost/rouse-test/${name}:${tag}`;
  const names = { busybox: named("busybox"), node: named("node"), foreign: named("foreign") };
  const imported = new Map<ImageName, Promise<string>>();
  const bring = async (name: ImageName) => {
    const tar = await rootFileSystem(name, busybox);
    if (name === "foreign") await load(api, tar, names.foreign, folder);
    else await importTar(api, tar, names[name], imageCommands[name]);
    return names[name];
  };
  return {
    names,
    image(name) {
      const image = imported.get(name) ?? bring(name);
      imported.set(name, image);
      return image;
    },
    async remove() {
      for (const [name, image] of imported) {
        await image;
        const ancestor = encodeURIComponent(JSON.stringify({ ancestor: [names[name]] }));
        await removeContainers(api, `&filters=${ancestor}`);
        await api.ask("DELETE", `/images/${names[name]}?force=1`);
      }
      imported.clear();
    },
  };
}

/** Removes containers, running or not. */
async function removeContainers(api: EngineApi, filter: string): Promise<void> {
  const { text } = await api.ask("GET", `/containers/json?all=1${filter}`);
  const containers = JSON.parse(text) as readonly { readonly Id: string }[];
  await Promise.all(containers.map(({ Id }) => api.call("DELETE", `/containers/${Id}?force=1&v=1`)));
}

async function importTar(api: EngineApi, tar: string, name: string, command: readonly string[]): Promise<void> {
  const changes = [`CMD ${JSON.stringify(command)}`, "ENV PATH=/bin"].map(
    (line) => `&changes=${encodeURIComponent(line)}`,
  );
  // Podman takes no notice of `tag`.
  const { text } = await api.ask(
    "POST",
    `/images/create?fromSrc=-&repo=${name}${changes.join("")}`,
    createReadStream(tar),
  );
  if (text.includes('"error"')) throw new Error(`the import of ${name} failed: ${text.trim()}`);
}

/** An import is always of the engine's own architecture, so this one comes as an archive. */
async function load(api: EngineApi, layer: string, name: string, folder: string): Promise<void> {
  const archive = join(folder, "archive");
  await mkdir(archive, { recursive: true });
  await copyFile(layer, join(archive, "layer.tar"));
  const digest = createHash("sha256")
    .update(await readFile(layer))
    .digest("hex");
  const config = {
    architecture: foreignArchitecture,
    os: "linux",
    config: { Cmd: ["/bin/foreign"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  await writeFile(join(archive, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  await writeFile(join(archive, "manifest.json"), JSON.stringify(manifest));
  const tar = join(folder, "archive.tar");
  await execute("tar", ["-C", archive, "-cf", tar, "manifest.json", "config.json", "layer.tar"]);
  const { text } = await api.ask("POST", "/images/load?quiet=1", createReadStream(tar));
  if (text.includes('"error"')) throw new Error(`loading ${name} failed: ${text.trim()}`);
}
