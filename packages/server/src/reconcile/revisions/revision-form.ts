import { isDeepStrictEqual } from "node:util";
import {
  annotationDefinitions,
  type RevisionObject,
  type RevisionSpec,
  revisionKind,
  revisionLabels,
  type ServiceObject,
  timestamp,
} from "@rouse/resources";
import type { Entry, JsonObject, ObjectId } from "../../store/port.ts";

/** What makes one revision another: the specification of the template, and the annotations that count for instances. */
export interface RevisionForm {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: RevisionSpec;
}

const { group, plural } = revisionKind;

/** Revisions as the store knows them. */
export const revisionType = { group, plural } as const;

/** Revisions that nothing leads to are kept to go back to, the newest of them. */
export const revisionKeptMax = 20;

/** Annotations of a Service that say how its instances are; the others, such as who may call it, are the Service's alone. */
const formative = annotationDefinitions.filter(({ kinds, place }) => kinds.includes("Service") && place !== "metadata");

/** The form that a Service has now. */
export function formOf(service: ServiceObject): RevisionForm {
  const own = service.metadata.annotations;
  const ofTemplate = service.spec.template?.metadata?.annotations;
  const annotations: Record<string, string> = {};
  for (const { name, formerName, place } of formative) {
    const former = formerName === undefined ? undefined : ofTemplate?.[formerName];
    const text = ofTemplate?.[name] ?? former ?? (place === "either" ? own?.[name] : undefined);
    if (text !== undefined) annotations[name] = text;
  }
  return { annotations, spec: service.spec.template?.spec ?? {} };
}

/** The name of the revision of a Service's present template: the template's own, else numbered by the generation. */
export function revisionNameOf({ metadata, spec }: ServiceObject): string {
  const numbered = `${metadata.name}-${String(metadata.generation ?? 1).padStart(5, "0")}`;
  return spec.template?.metadata?.name ?? numbered;
}

/** The document of the revision that a Service's present template makes. */
export function revisionDocument(service: Entry, object: ServiceObject, uid: string, now: number): JsonObject {
  const { annotations, spec } = formOf(object);
  const { namespace, name } = service.id;
  const document: RevisionObject = {
    apiVersion: `${revisionKind.group}/${revisionKind.version}`,
    kind: revisionKind.kind,
    metadata: {
      name: revisionNameOf(object),
      namespace,
      uid,
      generation: 1,
      creationTimestamp: timestamp(now),
      labels: {
        [revisionLabels.service]: name,
        [revisionLabels.configuration]: name,
        [revisionLabels.generation]: String(object.metadata.generation ?? 1),
      },
      annotations,
      ownerReferences: [
        {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name,
          uid: service.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec,
  };
  return JSON.parse(JSON.stringify(document)) as JsonObject;
}

/** Where a revision of a Service is kept. */
export function revisionId(service: ObjectId, name: string): ObjectId {
  return { ...revisionType, namespace: service.namespace, name };
}

/** The Service that a revision was made from. */
export function ownerOf(revision: Entry): { readonly name: string; readonly uid: string } | undefined {
  const { ownerReferences } = revision.object.metadata as {
    readonly ownerReferences?: readonly { readonly name: string; readonly uid: string }[];
  };
  return ownerReferences?.[0];
}

/** Whether a revision is of this Service, and not of one before it of the same name. */
export function isOf(revision: Entry, service: Entry): boolean {
  return ownerOf(revision)?.uid === service.uid;
}

/** The generation of the Service that a revision was made from. */
export function generationOf(revision: Entry): number {
  const labels = (revision.object.metadata as { labels?: Readonly<Record<string, string>> }).labels;
  return Number(labels?.[revisionLabels.generation] ?? 0);
}

/** Whether a revision has the form. */
export function hasForm(revision: Entry, form: RevisionForm): boolean {
  const { metadata, spec } = revision.object as unknown as RevisionObject;
  const wanted = JSON.parse(JSON.stringify(form)) as RevisionForm;
  return isDeepStrictEqual(metadata.annotations ?? {}, wanted.annotations) && isDeepStrictEqual(spec, wanted.spec);
}

/** The Service as it was when the revision was made, as far as instances go. */
export function serviceAt(revision: RevisionForm, service: ServiceObject): ServiceObject {
  const { annotations: _annotations, ...metadata } = service.metadata;
  return {
    ...service,
    metadata,
    spec: { template: { metadata: { annotations: revision.annotations }, spec: revision.spec } },
  };
}

/** The form that a stored revision has. */
export function formOfRevision(revision: Entry): RevisionForm {
  const { metadata, spec } = revision.object as unknown as RevisionObject;
  return { annotations: metadata.annotations ?? {}, spec };
}
