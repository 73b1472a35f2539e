/** W: the most messages of the log that one process holds. */
export const routerWindowMax = 256;

/** W is lower where messages are so large that W of them exceed this. */
export const routerWindowBytesMax = 64 * 1024 * 1024;
