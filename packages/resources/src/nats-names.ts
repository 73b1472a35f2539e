import { invalid, type Problem, problem, required } from "./problem.ts";

/** The rules of `servers`. A login in a URL is refused: it would be shown to everybody who reads the object. */
export function validateNatsServers(servers: readonly string[], path: string): Problem[] {
  if (servers.length === 0) return [required(path, "at least one URL", "leave it out for rouse's own NATS")];
  return servers.flatMap((text, index) => serverProblems(text, `${path}[${index}]`));
}

function serverProblems(text: string, path: string): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    const message = "a URL with a login would be shown to everybody who reads the object";
    return [
      problem("FieldValueForbidden", path, { message, hint: "put the login into a Secret: auth.secret.ref.name" }),
    ];
  }
  const known = url !== undefined && /^(?:nats|tls):$/.test(url.protocol) && url.hostname !== "";
  const bare = known && /^\/?$/.test(url.pathname) && url.search === "" && url.hash === "";
  if (bare && !/\s/.test(text)) return [];
  // A URL that is refused may hold a login that could not be told apart.
  const got = text.includes("@") ? undefined : `"${text}"`;
  return [problem("FieldValueInvalid", path, { expected: "a URL such as nats://localhost:4222 or tls://…", got })];
}

/** The rules of a subject that may hold wildcards. */
export function validateNatsSubject(subject: string, path: string): Problem[] {
  const tokens = subject.split(".");
  const wrong = tokens.some((token, index) => {
    if (token === "" || /[\s\p{Cc}]/u.test(token)) return true;
    if (token === ">") return index < tokens.length - 1;
    return token !== "*" && /[*>]/.test(token);
  });
  if (wrong || Buffer.byteLength(subject) > 1024) {
    const expected = "a subject such as orders.created, orders.* or orders.>";
    return [invalid(path, expected, subject)];
  }
  return [];
}

/** The rules of the name of a stream, a consumer or a queue group. */
export function validateNatsName(name: string, path: string): Problem[] {
  if (/^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(name)) return [];
  return [invalid(path, "a name without blanks, dots, wildcards and slashes", name)];
}
