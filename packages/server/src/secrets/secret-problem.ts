import { messageOf } from "@rouse/base";
import { SecretFault, type SecretFaultCode } from "./secret-fault.ts";

const reasons: Readonly<Record<SecretFaultCode, string>> = {
  SECRET_KEY_ABSENT: "SecretKeyAbsent",
  SECRET_KEY_INVALID: "SecretKeyInvalid",
  SECRET_KEY_EXPOSED: "SecretKeyExposed",
  SECRET_KEY_WRONG: "SecretKeyWrong",
  SECRET_TAMPERED: "SecretTampered",
  SECRET_UNREADABLE: "SecretUnreadable",
  SECRET_NOT_FOUND: "SecretNotFound",
  SECRET_VALUE_MISSING: "SecretKeyNotFound",
  SECRET_VALUE_INVALID: "SecretValueInvalid",
  SECRET_SOURCE_UNREADABLE: "SecretSourceUnreadable",
};

/** Why a Secret cannot be used, as a condition says it: reason and message. Everything but a SecretFault is thrown on. */
export function secretProblem(failure: unknown): { readonly reason: string; readonly message: string } {
  if (!(failure instanceof SecretFault)) throw failure;
  return { reason: reasons[failure.code], message: messageOf(failure) };
}
