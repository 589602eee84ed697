import { Board } from "./server/board.ts";
import { Saver } from "./server/saver.ts";
import { Statistician } from "./server/statistician.ts";
import { Watch } from "./server/watch.ts";

/** The services of the program and their handlers. Each can be a process of its own, or all of them one. */
export const services = { saver: Saver, statistics: Statistician, watch: Watch, board: Board } as const;

/** The name of a service. */
export type ServiceName = keyof typeof services;

/** Tells whether there is a service of that name. */
export function isService(name: string): name is ServiceName {
  return Object.hasOwn(services, name);
}
