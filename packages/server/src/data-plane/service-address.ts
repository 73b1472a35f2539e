import type { IncomingMessage } from "node:http";

/** What a request has to have to say which Service it is for. */
export type AddressedRequest = Pick<IncomingMessage, "url" | "headers" | "rawHeaders">;

/** Which Service a request is for; names are as they came, not checked. */
export type ServiceAddress =
  | {
      readonly kind: "service";
      readonly namespace: string;
      readonly name: string;
      /** What the Service is asked for: path and query, byte for byte as they came, without the prefix. */
      readonly path: string;
      /** What was taken off the path: `/-/services/<namespace>/<name>`, or nothing for a call by host name. */
      readonly prefix: string;
    }
  /** It looks like a call of a Service and can be read in more than one way. */
  | { readonly kind: "unreadable"; readonly detail: string };

const hostOfService = /^([^.]+)\.([^.]+)\.(?:svc\.rouse\.internal|localhost)$/;
const pathOfService = /^\/-\/services\/([^/?#]*)\/([^/?#]*)(.*)$/s;

/**
 * The Service that a request is for: by host name (`<name>.<namespace>.svc.rouse.internal`, which is the address in its
 * status, or `<name>.<namespace>.localhost`, which resolves to loopback by itself), else by path
 * (`/-/services/<namespace>/<name>/…`). Undefined for everything else. A host name of a Service is all its own: what
 * means something elsewhere (`/-/healthz`) is its path there.
 */
export function serviceAddressOf(request: AddressedRequest): ServiceAddress | undefined {
  const { url = "/" } = request;
  const byHost = hostOfService.exec(bareHost(request.headers.host));
  const found = byHost ?? pathOfService.exec(url);
  if (found === null) return undefined;
  const [, first = "", second = "", rest = ""] = found;
  if (countOfHosts(request) > 1) return { kind: "unreadable", detail: "expected one Host header, got several" };
  if (byHost === null) {
    const prefix = url.slice(0, url.length - rest.length);
    return { kind: "service", namespace: first, name: second, path: rest.startsWith("/") ? rest : `/${rest}`, prefix };
  }
  if (!url.startsWith("/"))
    return { kind: "unreadable", detail: "expected a path, got another form of request target" };
  return { kind: "service", namespace: second, name: first, path: url, prefix: "" };
}

function bareHost(host: string | undefined): string {
  return (host ?? "").toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/** Node keeps the first and drops the others; whoever stands before us may have gone by another. */
function countOfHosts({ rawHeaders }: AddressedRequest): number {
  return rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === "host").length;
}
