import { z } from "zod";
import { type Findings, invalid, type Problem, problem } from "./problem.ts";

/** How it is found out that an instance is ready. */
export interface ReadinessProbe {
  readonly httpGet?: { readonly path?: string | undefined; readonly port?: number | string | undefined } | undefined;
  readonly tcpSocket?: { readonly port?: number | string | undefined } | undefined;
  readonly initialDelaySeconds?: number | undefined;
  readonly periodSeconds?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly successThreshold?: number | undefined;
  readonly failureThreshold?: number | undefined;
}

/** What a probe asks at: the port that requests go to. */
interface Port {
  readonly containerPort: number;
  readonly name?: string | undefined;
}

const port = z.union([z.int(), z.string()]).optional().describe("The port of the container, or left out.");
const timing = z.int().min(0).optional().describe("Accepted; an instance is asked every few milliseconds.");

/** The schema of a {@link ReadinessProbe}. */
export const readinessProbeSchema: z.ZodType<ReadinessProbe> = z.strictObject({
  httpGet: z
    .strictObject({
      path: z
        .string()
        .regex(/^\/[!-~]*$/, { error: "a path that begins with /" })
        .optional()
        .describe("What is asked for; default /. An answer from 200 to 399 is ready."),
      port,
      scheme: z.enum(["HTTP"]).optional(),
    })
    .optional()
    .describe("Ready when this is answered."),
  tcpSocket: z.strictObject({ port }).optional().describe("Ready when it accepts a connection."),
  initialDelaySeconds: timing,
  periodSeconds: timing,
  timeoutSeconds: timing,
  successThreshold: timing,
  failureThreshold: timing,
});

/** Parts of a probe that Kubernetes has and that are refused; `path` is that of the container. */
export function unsupportedInProbe(path: string): Record<string, string> {
  const way = "use httpGet with a path, or leave the probe out";
  return {
    [`${path}.readinessProbe.exec`]: way,
    [`${path}.readinessProbe.grpc`]: way,
    [`${path}.readinessProbe.terminationGracePeriodSeconds`]: "leave it out",
    [`${path}.readinessProbe.httpGet.host`]: "the instance itself is asked; leave it out",
    [`${path}.readinessProbe.httpGet.httpHeaders`]: "leave it out",
    [`${path}.readinessProbe.tcpSocket.host`]: "the instance itself is asked; leave it out",
  };
}

/** What an instance is asked for to find out whether it is ready; undefined: whether it accepts connections is enough. */
export function readinessPathOf(probe: ReadinessProbe | undefined): string | undefined {
  return probe?.httpGet === undefined ? undefined : (probe.httpGet.path ?? "/");
}

/** The rules of a probe that its schema cannot say. */
export function validateReadinessProbe(
  probe: ReadinessProbe | undefined,
  ports: readonly Port[] | undefined,
  path: string,
): Findings {
  if (probe === undefined) return { problems: [], warnings: [] };
  const { httpGet, tcpSocket, ...timings } = probe;
  const problems = [
    ...portProblems(httpGet?.port, ports?.[0], `${path}.httpGet.port`),
    ...portProblems(tcpSocket?.port, ports?.[0], `${path}.tcpSocket.port`),
  ];
  if (httpGet !== undefined && tcpSocket !== undefined) {
    const parts = { message: "httpGet and tcpSocket exclude each other", hint: "leave one out" };
    problems.push(problem("FieldValueForbidden", `${path}.tcpSocket`, parts));
  }
  const names = Object.keys(timings);
  const told = `${path}: ${names.join(", ")}: no effect; an instance is asked every few milliseconds until it is ready`;
  return { problems, warnings: names.length > 0 ? [told] : [] };
}

function portProblems(given: number | string | undefined, declared: Port | undefined, path: string): Problem[] {
  if (given === undefined || given === 0 || given === "") return [];
  if (declared !== undefined && (given === declared.containerPort || given === (declared.name ?? undefined))) return [];
  const hint = "leave it out: what is asked is the port that requests go to";
  const expected = declared === undefined ? "no port" : `the port of the container, ${declared.containerPort}`;
  return [invalid(path, expected, given, hint)];
}
