import type { Payload } from "../payload.ts";
import type { Handle } from "./client.ts";

/** Calls a handler and then `done`; no more than `concurrency` handlers run at the same time, the rest wait in order. */
export function limited(
  concurrency: number,
  handle: Handle,
): <Message>(payload: Payload, message: Message, done: (message: Message) => void) => void {
  let running = 0;
  const waiting: (() => void)[] = [];
  let next = 0;
  const ended = (): void => {
    running--;
    if (next === waiting.length) {
      waiting.length = 0;
      next = 0;
      return;
    }
    waiting[next++]?.();
  };
  return (payload, message, done) => {
    const start = (): void => {
      const result = handle(payload);
      if (result === undefined) return done(message);
      running++;
      void result.then(() => {
        done(message);
        ended();
      });
    };
    if (running < concurrency) start();
    else waiting.push(start);
  };
}
