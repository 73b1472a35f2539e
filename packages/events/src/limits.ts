/**
 * Names and canonical values of all attributes of an event together, in UTF-8 bytes. Percent-encoding may make header
 * values up to three times as long on the wire.
 */
export const attributesBytesMax = 16 * 1024;

/** How many media types are remembered once they were parsed. */
export const mediaTypesRememberedMax = 256;

/** How many names of `ce-*` headers are remembered once they were checked. */
export const headerNamesRememberedMax = 512;
