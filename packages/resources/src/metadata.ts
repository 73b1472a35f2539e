import { z } from "zod";

/** What every object carries. Fields below `annotations` are the server's and are ignored when users send them. */
export interface ObjectMeta {
  /** A DNS label; may be absent only before admission, with `generateName`. */
  readonly name: string;
  readonly generateName?: string | undefined;
  /** A DNS label. */
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** Grows when `spec` changes. */
  readonly generation?: number | undefined;
  /** RFC 3339, to the second. */
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly deletionGracePeriodSeconds?: number | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly ownerReferences?: readonly unknown[] | undefined;
  readonly managedFields?: readonly unknown[] | undefined;
  readonly selfLink?: string | undefined;
}

/** A DNS label as Kubernetes has it: lower-case letters, digits and inner hyphens, 1 to 63 characters. */
export const dnsLabelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** What a name must be, for messages. */
export const dnsLabelExpected = "a DNS label: lower-case letters, digits and inner hyphens, at most 63 characters";

/** True for a name that may stand in a URL, a subject and a file name. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && dnsLabelPattern.test(name);
}

const label = (description: string) =>
  z
    .string()
    .regex(dnsLabelPattern, { error: dnsLabelExpected })
    .max(63, { error: dnsLabelExpected })
    .describe(description);

const texts = (description: string) => z.record(z.string(), z.string()).optional().describe(description);

/** The schema of {@link ObjectMeta} before defaults. */
export const metadataSchema = z
  .strictObject({
    name: label("Name of the object, unique among its kind in the namespace.").optional(),
    generateName: z
      .string()
      .regex(/^[a-z0-9][-a-z0-9]{0,57}$/, { error: "the beginning of a DNS label, at most 58 characters" })
      .optional()
      .describe("Beginning of a name that the server completes, when name is absent."),
    namespace: label("Namespace; default: the one the document is applied to.").optional(),
    labels: texts("Labels, for selection."),
    annotations: texts("Annotations; names that begin with rouse.dev/ are settings."),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    generation: z.number().optional(),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    deletionGracePeriodSeconds: z.number().optional(),
    finalizers: z.array(z.string()).optional(),
    ownerReferences: z.array(z.unknown()).optional(),
    managedFields: z.array(z.unknown()).optional(),
    selfLink: z.string().optional(),
  })
  .describe("Name, namespace, labels and annotations.");
