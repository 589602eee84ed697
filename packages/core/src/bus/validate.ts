import type { StandardSchemaV1 } from "@standard-schema/spec";
import { PayloadError } from "../errors.ts";

/**
 * Gives what the schema makes of a payload, or throws (rejects) a `PayloadError` that names each misfit. Synchronous where the
 * schema is.
 */
export function validated<Payload>(
  schema: StandardSchemaV1<unknown, Payload>,
  payload: unknown,
  topic: string,
): Payload | Promise<Payload> {
  const result = schema["~standard"].validate(payload);
  return result instanceof Promise ? result.then((late) => valueOf(late, topic)) : valueOf(result, topic);
}

function valueOf<Payload>(result: StandardSchemaV1.Result<Payload>, topic: string): Payload {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path }) => {
    const where = path?.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return where === undefined || where === "" ? message : `${where}: ${message}`;
  });
  throw new PayloadError(
    "BUSBAR_VALIDATION",
    `The payload does not fit the schema of "${topic}": ${issues.join("; ")}.`,
    { topic },
  );
}
