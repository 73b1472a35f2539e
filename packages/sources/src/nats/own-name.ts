/** The durable, or the queue group, that belongs to a source; NATS allows neither dots nor blanks in it. */
export function ownName(uid: string): string {
  return `rouse-${uid.replace(/[^A-Za-z0-9_-]/g, "_")}`;
}
