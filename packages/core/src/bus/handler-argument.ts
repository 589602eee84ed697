import { InvalidArgumentError } from "../errors.ts";
import { isTopic } from "../topic/typed-topic.ts";

/**
 * Tells apart what `subscribe` and `respond` are called with: a handler, or options and a handler. What stands behind the handler is refused:
 * a caller whom no compiler watches would believe that it counts, and lose the group and all that it keeps.
 */
export function optionsAndHandler<Options extends object, Handle>(
  call: "subscribe" | "respond",
  filter: unknown,
  first: Options | Handle,
  second: Handle | undefined,
): { readonly options: Options; readonly handle: Handle } {
  const alone = typeof first === "function";
  const handle = alone ? first : second;
  if (typeof handle !== "function")
    throw new InvalidArgumentError(`${call}(${named(filter)}) has no handler function.`);
  if (alone && second !== undefined)
    throw new InvalidArgumentError(
      `${call}(${named(filter)}) has something behind its handler function; options stand before it: ${call}(${named(filter)}, { … }, handler).`,
    );
  return { options: (alone ? {} : (first ?? {})) as Options, handle };
}

function named(filter: unknown): string {
  return JSON.stringify(isTopic(filter) ? filter.pattern : filter);
}
