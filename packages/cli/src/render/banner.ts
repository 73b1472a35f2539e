import type { ServerInfo } from "@rouse/server";

/** What a server that has just started says of itself; `rest` are further lines, each a name and a text. */
export function renderBanner(info: ServerInfo, rest: readonly (readonly [string, string])[]): string {
  const lines: readonly (readonly [string, string])[] = [
    ["events", `${info.dataPlane}/<namespace>/<broker>`],
    ["admin", info.admin],
    ...rest,
  ];
  return `rouse ${info.version}\n${lines.map(([name, text]) => `  ${name.padEnd(9)} ${text}\n`).join("")}`;
}
