import { ConfigError, UnsupportedError } from "../errors.ts";

/** One error for several that failed alike, which lists all of it, so that nobody mends one only to meet the next; the first where they are of different kinds. */
export function together(errors: readonly unknown[]): unknown {
  const [first] = errors;
  if (errors.length < 2) return first;
  if (errors.every((error) => error instanceof UnsupportedError))
    return new UnsupportedError(
      errors.flatMap(({ needs }) => needs),
      { cause: first },
    );
  if (errors.every((error) => error instanceof ConfigError))
    return new ConfigError([...new Set(errors.flatMap(({ problems }) => problems))], { cause: first });
  return first;
}
