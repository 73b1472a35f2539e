import { z } from "zod";

/** The metadata of a template, as of a PodTemplateSpec. */
export interface TemplateMetadata {
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly creationTimestamp?: string | undefined;
}

/** The schema of a {@link TemplateMetadata}. */
export const templateMetadataSchema: z.ZodType<TemplateMetadata> = z.strictObject({
  name: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional().describe("Settings of scaling and of rouse."),
  creationTimestamp: z.string().optional(),
});

/** Whether objects of a kind have a template, which may have annotations of its own. */
export function hasTemplate(kind: string): boolean {
  return kind === "Service" || kind === "ContainerSource";
}
