/**
 * Why a subject must not be listened to; undefined for all others. What rouse itself writes, asks of NATS and is answered
 * must not come in again: it would go round for ever.
 */
export function ownSubjects(installation: string): (subject: string) => string | undefined {
  return (subject) => {
    const [first = "", second = ""] = subject.split(".");
    const wild = second === "*" || second === ">";
    const events = first === installation && (wild || ["log", "lane", "dead", "journal"].includes(second));
    if (events || first === ">" || first === "*") {
      return `"${subject}" covers subjects under "${installation}.", where rouse keeps its own events: they would come in again for ever`;
    }
    const objects = first === "$KV" && (wild || second.startsWith(`${installation.toUpperCase()}_`));
    const traffic = first === "_INBOX" || (first === "$JS" && second !== "EVENT");
    return objects || traffic
      ? `"${subject}" covers what rouse itself says to NATS, or is answered: it would come in again for ever`
      : undefined;
  };
}

/** Why a stream of the NATS that rouse is kept on must not be read; undefined for all others. */
export function ownStreams(installation: string): (name: string) => string | undefined {
  const prefix = `${installation.toUpperCase()}_`;
  return (name) =>
    name.startsWith(prefix) || name.startsWith(`KV_${prefix}`)
      ? `stream "${name}" is one that rouse keeps its own events or objects in: they would come in again for ever`
      : undefined;
}
