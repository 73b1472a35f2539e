/** What a {@link Fault} may carry beside its message. */
export interface FaultOptions extends ErrorOptions {
  /** The way out: what the reader can do about it. */
  readonly hint?: string;
}

/**
 * An error people can act on: a stable code, a sentence in lower case that says what was expected and what came,
 * the way out, and the cause. Each package extends it once with the union of its own codes.
 */
export abstract class Fault<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options: FaultOptions = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
    this.name = `${new.target.name} [${code}]`;
  }
}

/** The sentence of anything thrown, for a log line or a condition; never a stack trace. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "" && thrown.errors.length > 0) {
    return messageOf(thrown.errors[0]);
  }
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
