import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** PEM texts of an authority made for one test, and of the certificates it signed; keys are PKCS #8. */
export interface Certificates {
  readonly ca: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly server: { readonly cert: string; readonly key: string };
  /** Its common name is `rouse`. */
  readonly client: { readonly cert: string; readonly key: string };
}

/** Makes them in the folder with the openssl program: `ca.pem`, `server.pem`, `server-key.pem`, `client.pem`, `client-key.pem`. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const key = ["-newkey", "rsa:2048", "-nodes"];
  const lives = ["-days", "7"];
  const authority = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  await openssl(
    "req",
    "-x509",
    ...key,
    ...lives,
    "-keyout",
    "ca-key.pem",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=test CA",
    ...authority,
  );
  const sign = async (name: string, subject: string, extensions: string) => {
    await writeFile(join(folder, `${name}.ext`), extensions);
    await openssl("req", ...key, "-keyout", `${name}-key.pem`, "-out", `${name}.csr`, "-subj", subject);
    const from = ["-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
    await openssl("x509", "-req", ...from, ...lives, "-extfile", `${name}.ext`, "-out", `${name}.pem`);
  };
  await sign("server", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  await sign("client", "/CN=rouse", "extendedKeyUsage=clientAuth\n");
  const text = (name: string) => readFile(join(folder, name), "utf8");
  return {
    ca: await text("ca.pem"),
    server: { cert: await text("server.pem"), key: await text("server-key.pem") },
    client: { cert: await text("client.pem"), key: await text("client-key.pem") },
  };
}
