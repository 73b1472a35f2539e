/** The version of this program; `scripts/generate.mjs` holds it against package.json. */
export const version = "0.1.0";
