import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache-folder.testing.ts";

/** The images that are made here, without a registry. */
export type ImageName = "busybox" | "node" | "foreign";

const execute = promisify(execFile);

/** Changes with what is in the files below. */
const recipe = 1;

const server = `import { createServer } from "node:http";
createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => { body += chunk; });
  request.on("end", () => {
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method, url, headers, body, node: process.version }));
  });
}).listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
`;

// As process 1 httpd would not hear SIGTERM.
const start = `#!/bin/sh
trap 'exit 0' TERM
httpd -f -p "\${HOST:-0.0.0.0}:\${PORT:-8080}" -h /www &
wait
`;

/** What an image runs when a container names no command. */
export const imageCommands: Readonly<Record<Exclude<ImageName, "foreign">, readonly string[]>> = {
  busybox: ["/start"],
  node: ["/bin/node", "/server.mjs"],
};

/**
 * Path of a tar with the root file system of an image, made on first use and kept in the cache. `busybox`: the applets and
 * `/start`, which serves `/www`. `node`: these, the running Node and `/server.mjs`, which answers with what was asked. Both
 * listen on PORT (8080) and HOST (all). `foreign`: one program that no processor of this kind runs.
 */
export async function rootFileSystem(name: ImageName, busybox: string): Promise<string> {
  const version = name === "node" ? `-${process.version}` : "";
  const shelf = join(cacheFolder(), "images");
  const tar = join(shelf, `${name}${version}-${process.arch}-${recipe}.tar`);
  if (existsSync(tar)) return tar;
  await mkdir(shelf, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), "rouse-image-"));
  const draft = `${tar}.${randomBytes(4).toString("hex")}`;
  try {
    if (name === "foreign") await layForeign(folder);
    else await layBusybox(folder, busybox);
    if (name === "node") await layNode(folder);
    await execute("tar", ["-C", folder, "--owner=0", "--group=0", "-cf", draft, "."]);
    await rename(draft, tar);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(draft, { force: true });
  }
  return tar;
}

async function layBusybox(folder: string, busybox: string): Promise<void> {
  for (const name of ["bin", "etc", "proc", "sys", "dev", "www"]) await mkdir(join(folder, name), { mode: 0o755 });
  await execute("install", ["-d", "-m", "1777", join(folder, "tmp")]);
  await layProgram(folder, busybox, "/bin/busybox");
  const { stdout } = await execute(busybox, ["--list"]);
  for (const applet of stdout.split("\n")) {
    if (applet !== "" && applet !== "busybox") await symlink("busybox", join(folder, "bin", applet));
  }
  await writeFile(join(folder, "etc", "passwd"), "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
  await writeFile(join(folder, "etc", "group"), "root:x:0:\nnogroup:x:65534:\n");
  await writeFile(join(folder, "www", "index.html"), "hello from busybox\n");
  await writeFile(join(folder, "start"), start, { mode: 0o755 });
}

async function layNode(folder: string): Promise<void> {
  await layProgram(folder, process.execPath, "/bin/node");
  await writeFile(join(folder, "server.mjs"), server);
}

/** Copies a program with the libraries that it is linked to, the loader among them. */
async function layProgram(folder: string, program: string, path: string): Promise<void> {
  // A static program is an error to ldd.
  const { stdout } = await execute("ldd", [program]).catch(() => ({ stdout: "" }));
  const libraries = [...stdout.matchAll(/(?:=>|^)\s*(\/\S+) \(0x/gm)].map((match) => match[1] as string);
  for (const library of libraries) {
    await mkdir(join(folder, dirname(library)), { recursive: true });
    await copyFile(library, join(folder, library));
  }
  await copyFile(program, join(folder, path));
}

/** The head of an ELF program for the other processor: the kernel says "exec format error" to it. */
async function layForeign(folder: string): Promise<void> {
  const head = Buffer.alloc(120);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(foreignArchitecture === "arm64" ? 0xb7 : 0x3e, 18);
  head.writeUInt32LE(1, 20);
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "foreign"), head, { mode: 0o755 });
}

/** As images name it: what this machine is not. */
export const foreignArchitecture = process.arch === "arm64" ? "amd64" : "arm64";
