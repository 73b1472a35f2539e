import { z } from "zod";
import { formatPath } from "./field-path.ts";
import { validateHeaderName } from "./header-name.ts";
import { validateNameText } from "./name-text.ts";
import { invalid, type Problem, problem, required } from "./problem.ts";

/** What becomes of a request. */
export interface HttpEventRules {
  /** The type of every event, or of those that typeFrom finds none for. */
  readonly type?: string | undefined;
  readonly typeFrom?: HttpTypeRule | undefined;
  readonly subjectFrom?: HttpValueRule | undefined;
  /** The delivery's own id: the event's id, and what repeated deliveries are known by. */
  readonly idFrom?: HttpValueRule | undefined;
  /** The source of every event, a URI reference; default: the preset's, or `/apis/v1/namespaces/<ns>/httpsources/<name>`. */
  readonly source?: string | undefined;
}

/** Where in a request a value is: exactly one of a header and a place in the JSON body (RFC 6901). */
export interface HttpValueRule {
  readonly header?: string | undefined;
  readonly jsonPointer?: string | undefined;
}

/** The same for a type. */
export interface HttpTypeRule extends HttpValueRule {
  /** Put before what was found: `com.github.`. */
  readonly prefix?: string | undefined;
  /** Other words for what was found, before the prefix is added; what is not in it stays as it is. */
  readonly map?: Readonly<Record<string, string>> | undefined;
}

const place = {
  header: z
    .string()
    .optional()
    .meta({ description: "The header that has it.", examples: ["X-Event-Type"] }),
  jsonPointer: z
    .string()
    .optional()
    .meta({ description: "The place in the JSON body that has it (RFC 6901).", examples: ["/event/id"] }),
};
const ruleSchema: z.ZodType<HttpValueRule> = z.strictObject(place);

/** The schema of {@link HttpEventRules}. */
export const httpEventSchema: z.ZodType<HttpEventRules> = z
  .strictObject({
    type: z.string().optional().describe("The type, also where typeFrom finds none."),
    typeFrom: z
      .strictObject({
        ...place,
        prefix: z.string().optional().describe("Put before what was found."),
        map: z.record(z.string(), z.string()).optional().describe("Other words for what was found."),
      })
      .optional()
      .describe("Where the type is taken from."),
    subjectFrom: ruleSchema.optional().describe("Where the subject is taken from."),
    idFrom: ruleSchema.optional().describe("Where the delivery's id is, by which repeated deliveries are known."),
    source: z.string().optional().describe("The source, a URI reference."),
  })
  .describe("The attributes of the events; default: as the preset knows them.");

/** The rules of `event` that its schema cannot say. */
export function validateHttpEvent(event: HttpEventRules | undefined, path: string): Problem[] {
  if (event === undefined) return [];
  const { type, typeFrom, subjectFrom, idFrom, source } = event;
  return [
    ...(type === undefined ? [] : validateNameText(type, `${path}.type`, 1024)),
    ...ruleProblems(typeFrom, `${path}.typeFrom`),
    ...typeProblems(typeFrom, `${path}.typeFrom`),
    ...ruleProblems(subjectFrom, `${path}.subjectFrom`),
    ...ruleProblems(idFrom, `${path}.idFrom`),
    ...sourceProblems(source, `${path}.source`),
  ];
}

function ruleProblems(rule: HttpValueRule | undefined, path: string): Problem[] {
  if (rule === undefined) return [];
  const { header, jsonPointer } = rule;
  if (header === undefined && jsonPointer === undefined) return [required(path, "header or jsonPointer")];
  if (header !== undefined && jsonPointer !== undefined) {
    const message = "header and jsonPointer exclude each other";
    return [problem("FieldValueForbidden", path, { message, expected: "one of them", hint: "leave one out" })];
  }
  if (header !== undefined) return validateHeaderName(header, `${path}.header`);
  if (/^(?:\/(?:[^~/]|~[01])*)+$/.test(jsonPointer!)) return [];
  const hint = jsonPointer!.startsWith("/") ? "~ is written ~0, and / inside of a name ~1" : "begin with /";
  return [invalid(`${path}.jsonPointer`, "a JSON pointer such as /event/id", jsonPointer, hint)];
}

function typeProblems(rule: HttpTypeRule | undefined, path: string): Problem[] {
  const problems = rule?.prefix === undefined ? [] : validateNameText(rule.prefix, `${path}.prefix`, 512);
  for (const [found, type] of Object.entries(rule?.map ?? {})) {
    problems.push(...validateNameText(type, formatPath([found], `${path}.map`), 1024));
  }
  return problems;
}

function sourceProblems(source: string | undefined, path: string): Problem[] {
  if (source === undefined) return [];
  const uri = source !== "" && !/[\s\p{Cc}<>"{}|\\^`]/u.test(source);
  return uri ? [] : [invalid(path, "a URI or a path, such as /webhooks/shop", source)];
}
