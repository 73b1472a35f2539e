import type { KindDefinition } from "@rouse/resources";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isSecret } from "../secrets/vault.ts";
import type { Json, ObjectId } from "../store/port.ts";
import { readBody } from "./body.ts";
import { coreVersions, groupDocument, groupList, resourceList } from "./discovery.ts";
import { unsupported } from "./guard.ts";
import { getNamespace, listNamespaces, listObjects, select, selectorOf } from "./list.ts";
import { flag, type MediaType, mediaType, parameter } from "./negotiate.ts";
import type { AdminApiOptions, Answer } from "./options.ts";
import { type ApiPath, parsePath } from "./path.ts";
import { removeAll, removeObject } from "./remove.ts";
import { servedKinds } from "./served-kinds.ts";
import { notFound, Refusal, unknownPath } from "./status.ts";
import { toView } from "./view.ts";
import { readWatch, type Watches } from "./watch.ts";
import { createObject, patchObject, replaceObject, type WriteMode } from "./write.ts";

type ObjectsPath = Extract<ApiPath, { kind: "objects" }>;
type Query = Readonly<Record<string, unknown>>;

/** One request below `/api` or `/apis`, from its path to its answer; undefined when it became a stream. */
export class Routes {
  private readonly options: AdminApiOptions;
  private readonly watches: Watches;
  private readonly kinds: readonly KindDefinition[];

  constructor(options: AdminApiOptions, watches: Watches) {
    this.options = options;
    this.kinds = servedKinds(options.kinds);
    this.watches = watches;
  }

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<Answer | undefined> {
    const path = parsePath(request.url.split("?")[0]!);
    if (!path) throw unknownPath();
    if (path.kind === "objects") return this.objects(path, request, reply);
    if (request.method !== "GET") throw methodNotAllowed(request.method);
    return { code: 200, body: await this.document(path), warnings: [] };
  }

  private async document(path: Exclude<ApiPath, ObjectsPath>) {
    const { kinds } = this;
    const { store } = this.options;
    switch (path.kind) {
      case "core-versions":
        return coreVersions();
      case "groups":
        return groupList(kinds);
      case "group":
        return orUnknown(groupDocument(kinds, path.group));
      case "resources":
        return orUnknown(resourceList(kinds, path.group, path.version));
      case "namespaces":
        return path.name === undefined ? listNamespaces(store) : getNamespace(store, path.name);
      default:
        return path satisfies never;
    }
  }

  private objects(path: ObjectsPath, request: FastifyRequest, reply: FastifyReply): Promise<Answer | undefined> {
    const { group, version, plural, namespace, name, subresource } = path;
    const kind = this.kinds.find((each) => each.group === group && each.version === version && each.plural === plural);
    if (!kind || (subresource !== undefined && subresource !== "status")) throw unknownPath();
    if (name === undefined || namespace === undefined) return this.collection(kind, namespace, request, reply);
    const id = { group, plural, namespace, name };
    if (subresource !== undefined && request.method !== "GET") throw methodNotAllowed(request.method);
    return this.item(kind, id, request);
  }

  private async collection(
    kind: KindDefinition,
    namespace: string | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Answer | undefined> {
    const { options, watches } = this;
    const query = request.query as Query;
    switch (request.method) {
      case "GET": {
        if (!flag(query, "watch")) {
          const body = await listObjects(options.store, kind, namespace, query, options.reading);
          return { code: 200, body, warnings: [] };
        }
        const wanted = selectorOf(kind, query);
        await watches.stream(readWatch(kind, namespace, wanted, query, options.random), () => reply.hijack().raw);
        return undefined;
      }
      case "POST":
        if (namespace === undefined) throw methodNotAllowed("POST");
        return createObject(options, kind, namespace, bodyOf(request, ["json", "yaml"]), modeOf(query));
      case "DELETE": {
        if (namespace === undefined) throw methodNotAllowed("DELETE");
        const wanted = selectorOf(kind, query);
        await options.store.fresh();
        const entries = select(options.store, kind, namespace, wanted);
        return removeAll(options, kind, entries, { dryRun: modeOf(query).dryRun, query });
      }
      default:
        throw methodNotAllowed(request.method);
    }
  }

  private async item(kind: KindDefinition, id: ObjectId, request: FastifyRequest): Promise<Answer> {
    const { options } = this;
    const query = request.query as Query;
    switch (request.method) {
      case "GET": {
        await options.store.fresh();
        const entry = options.store.get(id);
        if (!entry) throw notFound(kind, id.name);
        return { code: 200, body: toView(entry, kind, this.options.reading), warnings: [] };
      }
      case "PUT":
        return replaceObject(options, kind, id, bodyOf(request, ["json", "yaml"]), modeOf(query));
      case "PATCH":
        return patchObject(options, kind, id, patchOf(request, kind), modeOf(query));
      case "DELETE": {
        const body = request.body ? bodyOf(request, ["json", "yaml"]) : undefined;
        return removeObject(options, kind, id, body, { dryRun: modeOf(query).dryRun, query });
      }
      default:
        throw methodNotAllowed(request.method);
    }
  }
}

const names: Readonly<Partial<Record<MediaType, string>>> = {
  json: "application/json",
  yaml: "application/yaml",
  "merge-patch": "application/merge-patch+json",
  "strategic-merge-patch": "application/strategic-merge-patch+json",
};

function bodyOf(request: FastifyRequest, accepted: readonly MediaType[]): Json {
  const given = request.headers["content-type"] ?? "";
  const type = mediaType(given);
  if (!type || !accepted.includes(type)) throw unsupported(given, accepted.map((each) => names[each]).join(", "));
  if (typeof request.body !== "string" || request.body === "") {
    throw new Refusal("BadRequest", "expected a request body, got none");
  }
  return readBody(request.body, type);
}

/** Of the kinds here only Secret is known to kubectl by itself, which then patches strategically: the same for maps. */
function patchOf(request: FastifyRequest, kind: KindDefinition): Json {
  if (!isSecret(kind)) return bodyOf(request, ["merge-patch"]);
  const patch = bodyOf(request, ["merge-patch", "strategic-merge-patch"]);
  if (hasDirective(patch)) throw new Refusal("BadRequest", "expected a patch without $ directives");
  return patch;
}

function hasDirective(patch: Json | undefined): boolean {
  if (typeof patch !== "object" || patch === null) return false;
  return Object.entries(patch).some(([name, value]) => name.startsWith("$") || hasDirective(value));
}

function modeOf(query: Query): WriteMode {
  const dryRun = parameter(query, "dryRun");
  if (dryRun !== undefined && dryRun !== "" && dryRun !== "All") {
    throw new Refusal("BadRequest", `expected dryRun to be All, got ${JSON.stringify(dryRun)}`);
  }
  const validation = parameter(query, "fieldValidation") ?? "";
  // Kubernetes only warns when nothing is said; here a misspelt field is refused unless the client asks otherwise.
  const modes: Readonly<Record<string, WriteMode["unknownFields"]>> = {
    "": "refuse",
    Strict: "refuse",
    Warn: "warn",
    Ignore: "ignore",
  };
  const unknownFields = Object.hasOwn(modes, validation) ? modes[validation] : undefined;
  if (!unknownFields) {
    const got = JSON.stringify(validation);
    throw new Refusal("BadRequest", `expected fieldValidation to be Strict, Warn or Ignore, got ${got}`);
  }
  return { dryRun: dryRun === "All", unknownFields };
}

function methodNotAllowed(method: string): Refusal {
  return new Refusal("MethodNotAllowed", `the server does not allow ${method} on the requested resource`);
}

function orUnknown<T>(document: T | undefined): T {
  if (document === undefined) throw unknownPath();
  return document;
}
