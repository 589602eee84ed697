import type { Handler, ManualMessage, Message } from "../delivery/message.ts";
import type { SubscribeOptions } from "../delivery/options.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { Topic } from "../topic/typed-topic.ts";

/** A subscription that a method was marked with. */
export interface HandlerDeclaration {
  readonly filter: string | Topic;
  readonly options: SubscribeOptions;
  readonly method: string | symbol;
}

/** Marks methods of one signature. */
export type HandlerDecorator<Method> = <M extends Method>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/** By a registered symbol and on the prototype itself, so that two copies of this package see each other's. */
const declared = Symbol.for("busbar.subscriptions");

/**
 * Marks a method as the handler of a subscription, which `BusServer` starts: `@Subscribe("report.*", { group: "saver"
 * })`. The method gets what any handler gets, `(payload, message)`, and keeps its `this`. Several on one method are
 * several subscriptions. A subclass has those of its base class; where it marks the same method again, only its own
 * count.
 *
 * Needs `experimentalDecorators`, and no emitted metadata. Malformed filters and options are refused by
 * `BusServer.start()`.
 */
export function Subscribe<Payload, Params>(
  filter: Topic<Payload, Params>,
  options?: SubscribeOptions,
): HandlerDecorator<Handler<Payload, Params>>;
export function Subscribe(
  filter: string,
  options: SubscribeOptions & { readonly settle: "manual" },
): HandlerDecorator<(payload: never, message: ManualMessage) => unknown>;
export function Subscribe(
  filter: string,
  options?: SubscribeOptions,
): HandlerDecorator<(payload: never, message: Message) => unknown>;
export function Subscribe(filter: string | Topic, options: SubscribeOptions = {}): HandlerDecorator<never> {
  return (prototype, method) => {
    if (typeof prototype === "function") {
      throw new InvalidArgumentError(
        `@Subscribe cannot mark the static method ${String(method)}; mark a method of the instance.`,
      );
    }
    const own = ownDeclarations(prototype);
    // Decorators run from the bottom up; people read from the top down.
    const first = own.findIndex((declaration) => declaration.method === method);
    own.splice(first === -1 ? own.length : first, 0, { filter, options, method });
  };
}

/** Every subscription that the methods of a handler are marked with, the base class's first. */
export function declarationsOf(handler: object): readonly HandlerDeclaration[] {
  const prototype: unknown = Object.getPrototypeOf(handler);
  if (typeof prototype !== "object" || prototype === null) return [];
  const own = Object.hasOwn(prototype, declared) ? ownDeclarations(prototype) : [];
  const marked = new Set(own.map(({ method }) => method));
  return [...declarationsOf(prototype).filter(({ method }) => !marked.has(method)), ...own];
}

function ownDeclarations(prototype: object): HandlerDeclaration[] {
  if (!Object.hasOwn(prototype, declared)) Object.defineProperty(prototype, declared, { value: [] });
  return (prototype as { [declared]: HandlerDeclaration[] })[declared];
}
