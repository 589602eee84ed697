import { BusError } from "@busbar/core/driver";
import { BrokerAnswer } from "../broker-answer.ts";

/** Names that Kafka has changed since. */
const formerNames: Readonly<Record<string, string>> = {
  NOT_LEADER_OR_FOLLOWER: "NOT_LEADER_FOR_PARTITION",
  COORDINATOR_LOAD_IN_PROGRESS: "GROUP_LOAD_IN_PROGRESS",
  COORDINATOR_NOT_AVAILABLE: "GROUP_COORDINATOR_NOT_AVAILABLE",
  NOT_COORDINATOR: "NOT_COORDINATOR_FOR_GROUP",
};

interface LibraryError {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
}

/** The library's error as this adapter knows errors. One that no broker answered with comes back as it is. */
export function answered(error: Error): Error {
  const type = protocolTypeOf(error, false);
  return type === undefined ? error : new BrokerAnswer(formerNames[type] ?? type, error);
}

/** The name of a broker's answer. */
export function answerOf(error: unknown): string | undefined {
  return error instanceof BrokerAnswer ? error.type : undefined;
}

/** What the broker answered with an error, where the whole of it is of use: the library puts it beside the error. */
export function answerBeside(error: unknown): unknown {
  const cause = error instanceof BrokerAnswer ? error.cause : error;
  return (cause as { response?: unknown } | null | undefined)?.response;
}

function protocolTypeOf(error: unknown, authenticating: boolean): string | undefined {
  if (typeof error !== "object" || error === null || BusError.is(error)) return undefined;
  const { code, apiId, errors, cause } = error as LibraryError;
  if (typeof apiId === "string") return apiId;
  const within = Array.isArray(errors) ? errors.map((one) => protocolTypeOf(one, false)) : [];
  // A refused record stands before what its partition was refused for, and has no name of its own.
  const named = within.find((type) => type !== undefined && type !== "UNKNOWN_SERVER_ERROR") ?? within[0];
  if (named !== undefined) return named;
  // What is wrong with a password may show on this side already, but a lost connection is no wrong password.
  const isAuthentication = code === "PLT_KFK_AUTHENTICATION" || (authenticating && code !== "PLT_KFK_NETWORK");
  if (cause === undefined) return isAuthentication ? "SASL_AUTHENTICATION_FAILED" : undefined;
  return protocolTypeOf(cause, isAuthentication);
}
