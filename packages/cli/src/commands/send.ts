import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { encodeHttp } from "@rouse/events";
import type { ServerInfo } from "@rouse/server";
import { openAdmin, unreachable } from "../admin/client.ts";
import { refusalOf } from "../admin/refusal.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { CliFault, usage } from "../errors.ts";
import { buildEvent } from "../event-input.ts";
import { exitCodes } from "../exit-codes.ts";
import { headerOf } from "../http.ts";
import { type ConnectionOptions, connectionOptions, list, namespaceOption, oneOf } from "../options.ts";
import { type DataPlaneTokenOptions, dataPlaneToken, dataPlaneTokenOption } from "../secret.ts";
import { brokerUrl, type Target, targetOf } from "../send-target.ts";

interface SendOptions extends ConnectionOptions, DataPlaneTokenOptions {
  readonly type: string;
  readonly id?: string;
  readonly source: string;
  readonly subject?: string;
  readonly field?: readonly string[];
  readonly rawField?: readonly string[];
  readonly data?: string;
  readonly contentType?: string;
  readonly extension?: readonly string[];
  readonly to: string;
  readonly namespace: string;
  readonly dataPlane?: string;
  readonly output?: "json";
}

export const sendCommand = defineCommand<SendOptions>({
  name: "send",
  summary: "send an event to a broker",
  description:
    "Prints the handle under which the event is stored. The flags are those of kn event send. Data come from --data, or are put together from fields; the content type is guessed (JSON or plain text) unless given.",
  options: [
    { flags: "-t, --type <type>", description: "type", default: "dev.rouse.cli.generic" },
    { flags: "-i, --id <id>", description: "id (default: a random UUID)" },
    { flags: "-s, --source <uri>", description: "source", default: "/rouse-cli" },
    { flags: "--subject <text>", description: "subject" },
    { flags: "-e, --extension <name=value...>", description: "extension attribute" },
    { flags: "-f, --field <path=value...>", description: "field of the data; numbers, true, false and null are typed" },
    { flags: "--raw-field <path=value...>", description: "field of the data, always a string" },
    { flags: "-d, --data <text>", description: "data; @FILE reads a file, - standard input" },
    { flags: "--content-type <type>", description: "media type of the data" },
    { flags: "-r, --to <broker>", description: "NAME, NAMESPACE/NAME, broker:NAME or a URL", default: "default" },
    namespaceOption,
    { flags: "--data-plane <url>", description: "where brokers are (ROUSE_DATA_PLANE; default: the server says)" },
    dataPlaneTokenOption,
    { flags: "-o, --output <format>", description: "json", parse: oneOf("json") },
    ...connectionOptions,
  ],
  examples: [
    "rouse send -t com.example.order.placed --subject /orders/17 -f id=17 -f customer.name=Ada",
    "rouse send -t com.example.file -d @invoice.json -r shop/default",
    "rouse send -t com.example.ping -r http://127.0.0.1:8080/default/default",
  ],
  async action(_args, options, context) {
    const target = targetOf(options.to, options.namespace);
    const data = options.data === undefined ? undefined : await dataOf(options.data, context);
    const event = buildEvent({
      id: options.id ?? context.uuid(),
      source: options.source,
      type: options.type,
      ...(options.subject === undefined ? {} : { subject: options.subject }),
      ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
      ...(data === undefined ? {} : { data }),
      fields: list(options.field),
      rawFields: list(options.rawField),
      extensions: list(options.extension),
    });
    const url = await urlOf(target, options, context);
    const { headers, body } = encodeHttp(event, "binary");
    // What the environment says is for the server's brokers; to a URL only a token goes that is given with it.
    const env = target.kind === "broker" ? context.env : {};
    const token = await dataPlaneToken(options, { ...context, env });
    const answer = await post(
      url,
      { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body,
      context,
    );
    const handle = headerOf(answer, "rouse-event");
    const duplicate = headerOf(answer, "rouse-duplicate") === "true";
    if (options.output === "json") {
      context.stdout.write(
        `${JSON.stringify({ handle, duplicate, id: event.attributes.id, source: event.attributes.source, type: event.attributes.type })}\n`,
      );
    } else
      context.stdout.write(`${handle ?? "accepted"}${duplicate ? " (duplicate: stored before, not again)" : ""}\n`);
    return exitCodes.ok;
  },
});

async function urlOf(target: Target, options: SendOptions, context: Context): Promise<string> {
  if (target.kind === "url") return target.url;
  const given = options.dataPlane ?? (context.env.ROUSE_DATA_PLANE || undefined);
  if (given !== undefined) {
    if (!URL.canParse(given))
      throw usage(`expected the data plane as a URL, got "${given}"`, "such as http://127.0.0.1:8080");
    return brokerUrl(given, target);
  }
  const client = await openAdmin(options, context);
  const { body } = await client.call<ServerInfo>("/-/info");
  return brokerUrl(body.dataPlane, target);
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: Uint8Array, context: Context) {
  const request = { method: "POST", headers, body, signal: context.interrupted } as const;
  const answer = await context.http(url, request).catch((thrown: unknown) => {
    if (context.interrupted.aborted) throw context.interrupted.reason;
    throw unreachable(thrown, new URL(url).origin);
  });
  const text = await answer.text();
  if (answer.status >= 200 && answer.status < 300) return answer;
  const refused = refusalOf(answer.status, text, url);
  if (answer.status !== 401) throw refused;
  const hint = "give its token with --data-plane-token-file or ROUSE_DATA_PLANE_TOKEN";
  throw new CliFault(refused.code, refused.message, { hint, cause: refused });
}

async function dataOf(text: string, context: Context): Promise<Uint8Array> {
  if (text === "-") return new TextEncoder().encode(await context.stdin());
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  return readNamed(text.slice(1), context);
}

async function readNamed(file: string, context: Context): Promise<Uint8Array> {
  return readFile(resolve(context.cwd, file)).catch((failure: NodeJS.ErrnoException) => {
    throw new CliFault("CLI_USAGE", `${file} cannot be read: ${failure.code}`, {
      hint: "check the path",
      cause: failure,
    });
  });
}
