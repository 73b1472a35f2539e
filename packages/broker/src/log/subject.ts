/** True when the filter names more than one subject: it has a token `*`, or ends in the token `>`. */
export function isPattern(filter: string): boolean {
  return filter === ">" || filter === "*" || /(^|\.)(\*(\.|$)|>$)/.test(filter);
}

/** Whether a subject falls under a filter: `*` stands for one token, `>` at the end for one or more. */
export function subjectMatches(filter: string, subject: string): boolean {
  if (!isPattern(filter)) return filter === subject;
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (let index = 0; index < wanted.length; index++) {
    const token = wanted[index];
    if (token === ">" && index === wanted.length - 1) return tokens.length > index;
    if (index >= tokens.length || (token !== "*" && token !== tokens[index])) return false;
  }
  return tokens.length === wanted.length;
}

/** Whether some subject falls under both filters. */
export function filtersOverlap(one: string, other: string): boolean {
  const [left, right] = [one.split("."), other.split(".")];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined || b === undefined) return false;
    if (a === ">" || b === ">") return true;
    if (a !== b && a !== "*" && b !== "*") return false;
  }
  return true;
}
