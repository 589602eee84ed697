import { ContainerModule } from "inversify";
import type { Newable } from "inversify";
import { HANDLERS } from "./tokens.ts";

/**
 * Binds classes with `@Subscribe` methods, one instance each, so that the container's `BusServer` starts them. A class
 * that is bound already is taken as it is bound. Several such modules add up.
 */
export function handlersModule(classes: readonly Newable<object>[]): ContainerModule {
  return new ContainerModule(({ bind, isBound }) => {
    for (const handlers of classes) {
      if (!isBound(handlers)) bind(handlers).toSelf().inSingletonScope();
      bind(HANDLERS).toService(handlers);
    }
  });
}
