import { Fault } from "@rouse/base";

/**
 * What can go wrong with Secrets.
 * - `SECRET_KEY_ABSENT`: values are to be sealed, and this server was given no key.
 * - `SECRET_KEY_INVALID`: the key file cannot be read, or holds no 32 bytes.
 * - `SECRET_KEY_EXPOSED`: others may read or change the key file.
 * - `SECRET_KEY_WRONG`: a value was sealed with a key that this server does not have.
 * - `SECRET_TAMPERED`: a sealed value was changed, or taken from another object.
 * - `SECRET_UNREADABLE`: what is stored is no sealed value of a form that this version knows.
 * - `SECRET_NOT_FOUND`: there is no Secret of that name.
 * - `SECRET_VALUE_MISSING`: the Secret has no value under that key, or one that is of no use.
 * - `SECRET_VALUE_INVALID`: the value under that key is none that can be used there.
 * - `SECRET_SOURCE_UNREADABLE`: a value comes from a file or a variable which is not there.
 */
export type SecretFaultCode =
  | "SECRET_KEY_ABSENT"
  | "SECRET_KEY_INVALID"
  | "SECRET_KEY_EXPOSED"
  | "SECRET_KEY_WRONG"
  | "SECRET_TAMPERED"
  | "SECRET_UNREADABLE"
  | "SECRET_NOT_FOUND"
  | "SECRET_VALUE_MISSING"
  | "SECRET_VALUE_INVALID"
  | "SECRET_SOURCE_UNREADABLE";

/** A Secret cannot be stored or read; see {@link SecretFaultCode}. Neither message nor hint holds a value. */
export class SecretFault extends Fault<SecretFaultCode> {}
