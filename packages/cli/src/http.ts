/** A request as the commands make it. */
export interface HttpRequest {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** PEM of the certificate that the server is expected to show, beside those the machine trusts. */
  readonly ca?: string;
  readonly signal?: AbortSignal;
}

/** An answer; its body is to be read once, whole or line by line. */
export interface HttpAnswer {
  readonly status: number;
  /** Header names in lower case; a header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  text(): Promise<string>;
  /** The lines of the body as they come, without empty ones. */
  lines(): AsyncIterable<string>;
}

/** Makes requests; rejects when no answer came, with the system's error code in `code` where there is one. */
export type Http = (url: string, request?: HttpRequest) => Promise<HttpAnswer>;

/** The first value of a header. */
export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Cuts chunks of text into lines, without empty ones. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}
