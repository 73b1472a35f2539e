/** What is posted: one event, or a batch of them; written once, afterwards only the numbers change. */
export interface RequestTemplate {
  readonly bytes: Buffer;
  /** Where the ten digits of each event's id begin. */
  readonly idsAt: readonly number[];
}

const idDigits = 10;
const dataBytes = 1_024;
const data = JSON.stringify({ text: "x".repeat(dataBytes - '{"text":""}'.length) });

/** An HTTP request with `batch` events of 1 KiB of data: one in binary mode, more as a JSON batch. */
export function requestTemplate(url: string, type: string, batch: number): RequestTemplate {
  const { host, pathname } = new URL(url);
  const noId = "0".repeat(idDigits);
  const start = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\n`;
  if (batch === 1) {
    const attributes = `ce-specversion: 1.0\r\nce-type: ${type}\r\nce-source: /bench\r\nce-id: `;
    const before = `${start}Content-Type: application/json\r\nContent-Length: ${data.length}\r\n${attributes}`;
    return { bytes: Buffer.from(`${before}${noId}\r\n\r\n${data}`, "latin1"), idsAt: [before.length] };
  }
  const head = `{"specversion":"1.0","type":"${type}","source":"/bench","datacontenttype":"application/json","id":"`;
  const event = `${head}${noId}","data":${data}}`;
  const body = `[${Array.from({ length: batch }, () => event).join(",")}]`;
  const headers = `${start}Content-Type: application/cloudevents-batch+json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const firstAt = headers.length + 1 + head.length;
  const idsAt = Array.from({ length: batch }, (_, at) => firstAt + at * (event.length + 1));
  return { bytes: Buffer.from(headers + body, "latin1"), idsAt };
}

/** A request of its own made from the template, for one connection to use again and again. */
export function copyOf({ bytes, idsAt }: RequestTemplate): RequestTemplate {
  return { bytes: Buffer.from(bytes), idsAt };
}

/** Writes the number of an event into the place of its id. */
export function writeId({ bytes, idsAt }: RequestTemplate, at: number, number: number): void {
  bytes.write(String(number).padStart(idDigits, "0"), idsAt[at]!, idDigits, "latin1");
}
