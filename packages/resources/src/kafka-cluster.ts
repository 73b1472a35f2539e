import { z } from "zod";
import { invalid, type Problem, required } from "./problem.ts";

/** The schema of `bootstrapServers`. */
export const bootstrapServersSchema: z.ZodType<readonly string[]> = z.array(z.string()).meta({
  description: "Servers by which the cluster is found, as host:port.",
  examples: [["localhost:9092"]],
});

const server = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?):(\d{1,5})$/;

/** The rules of `bootstrapServers`: at least one, each `host:port`. */
export function validateBootstrapServers(servers: readonly string[], path: string): Problem[] {
  if (servers.length === 0) return [required(path, "at least one server, as host:port")];
  return servers.flatMap((text, index) => {
    const port = Number(server.exec(text)?.[1] ?? 0);
    if (port >= 1 && port <= 65_535) return [];
    return [invalid(`${path}[${index}]`, "host:port, such as localhost:9092", text, serverHint(text))];
  });
}

function serverHint(text: string): string | undefined {
  if (text.includes(",")) return "write each server as an entry of its own";
  const bare = text.replace(/^[A-Za-z_]+:\/\//, "");
  if (bare !== text) return `leave the protocol out: ${bare}`;
  if (text.startsWith("[")) return "the Kafka client takes no IPv6 addresses: write a name that resolves to it";
  return text.includes(":") ? undefined : `write ${text}:9092`;
}

/** The rules of a topic's name, as Kafka has them. */
export function validateTopic(topic: string, path: string): Problem[] {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(topic) && topic !== "." && topic !== "..") return [];
  const expected = "the name of a topic: letters, digits, dots, underscores and hyphens, at most 249 characters";
  return [invalid(path, expected, topic)];
}
