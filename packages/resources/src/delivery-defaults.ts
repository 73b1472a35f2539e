/** What a Broker without `spec.delivery` is given; a field that neither Trigger nor Broker has is one of these. */
export const defaultDelivery = { retry: 10, backoffPolicy: "exponential", backoffDelay: "PT0.2S" } as const;

/** The longest delay before a retry, milliseconds; also how long Retry-After is honoured when nothing is said. */
export const backoffCapMs = 300_000;

/** The longest that one attempt may take, milliseconds. */
export const attemptTimeoutMs = 600_000;
