/** What the commands use of @rouse/server. */
export type ServerModule = Pick<
  typeof import("@rouse/server"),
  "defaultConfig" | "domainChecks" | "findNatsServer" | "startServer"
> & { readonly version: string };
