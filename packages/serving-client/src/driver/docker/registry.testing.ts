import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** A registry on loopback that has one image: an empty file system for this kind of processor. */
export interface TestRegistry extends AsyncDisposable {
  readonly image: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Starts a registry. With `hangs` it never answers for the image. */
export async function startRegistry({ hangs = false } = {}): Promise<TestRegistry> {
  // The end of an archive is two empty blocks: this one holds nothing.
  const layer = Buffer.alloc(1024);
  const packed = gzipSync(layer);
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const rootfs = { type: "layers", diff_ids: [digestOf(layer)] };
  const config = Buffer.from(JSON.stringify({ architecture, os: "linux", config: { Cmd: ["/absent"] }, rootfs }));
  const sizes = (bytes: Buffer) => ({ size: bytes.length, digest: digestOf(bytes) });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: "application/vnd.docker.container.image.v1+json", ...sizes(config) },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", ...sizes(packed) }],
    }),
  );
  const blobs = new Map([config, packed].map((bytes) => [`/v2/hello/blobs/${digestOf(bytes)}`, bytes]));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { url = "", method } = request;
    if (url === "/v2/") return void response.end("{}");
    asked.push(url);
    if (hangs) return;
    const isManifest = url.startsWith("/v2/hello/manifests/");
    const body = isManifest ? manifest : blobs.get(url);
    if (!body) {
      response.statusCode = 404;
      return void response.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
    }
    response.setHeader("content-type", isManifest ? manifestType : "application/octet-stream");
    response.setHeader("docker-content-digest", digestOf(body));
    response.setHeader("content-length", body.length);
    response.end(method === "HEAD" ? undefined : body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    image: `127.0.0.1:${port}/hello:1`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
