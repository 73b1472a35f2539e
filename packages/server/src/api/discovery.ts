import type { JsonObject } from "../store/port.ts";

/** What discovery tells of a kind. */
export interface Discoverable {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const namespaceResource = { name: "namespaces", singularName: "namespace", namespaced: false, kind: "Namespace" };

/** `GET /version`: what kubectl compares itself with, and what Helm and others parse as a semantic version. */
export function versionDocument(version: string): JsonObject {
  return {
    major: "1",
    minor: "33",
    gitVersion: `v1.33.0+rouse.${version}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "",
    platform: "linux/amd64",
  };
}

/** `GET /api`: the versions of the core group, in which namespaces always are. */
export function coreVersions(): JsonObject {
  return { kind: "APIVersions", apiVersion: "v1", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

/** `GET /apis`: all groups. */
export function groupList(kinds: readonly Discoverable[]): JsonObject {
  const names = [...new Set(kinds.map((kind) => kind.group))].filter((name) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: names.map((name) => groupBody(kinds, name)) };
}

/** `GET /apis/<group>`; undefined for a group that nothing is in. */
export function groupDocument(kinds: readonly Discoverable[], group: string): JsonObject | undefined {
  if (!kinds.some((kind) => kind.group === group)) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...groupBody(kinds, group) };
}

/** `GET /apis/<group>/<version>` and `/api/v1`; undefined when nothing is in it. */
export function resourceList(kinds: readonly Discoverable[], group: string, version: string): JsonObject | undefined {
  const found = kinds.filter((kind) => kind.group === group && kind.version === version);
  const core = group === "" && version === "v1";
  if (found.length === 0 && !core) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: [
      ...(core ? [{ ...namespaceResource, verbs: ["get", "list"], shortNames: ["ns"] }] : []),
      ...found.flatMap(resources),
    ],
  };
}

function groupBody(kinds: readonly Discoverable[], name: string): JsonObject {
  const served = new Set(kinds.filter((kind) => kind.group === name).map((kind) => kind.version));
  const versions = [...served].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0]! };
}

function resources({ plural, singular, kind, shortNames, categories }: Discoverable): JsonObject[] {
  const named = { namespaced: true, kind };
  return [
    { name: plural, singularName: singular, ...named, verbs, shortNames, categories },
    { name: `${plural}/status`, singularName: "", ...named, verbs: ["get"] },
  ];
}
