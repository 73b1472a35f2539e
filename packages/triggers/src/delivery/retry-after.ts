const httpDate = /^[A-Z][a-z]{2,8}, .* GMT$/;

/**
 * How long a Retry-After header asks to wait, in milliseconds from `now` (RFC 9110, section 10.2.3: seconds or an HTTP
 * date); undefined when there is none or it is neither. A date that has passed is 0.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  if (!httpDate.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
