/** The bus in an inversify container. */
export { brokerModule, busModule } from "./bus-module.ts";
export { BusServer } from "./bus-server.ts";
export type { BusServerOptions } from "./bus-server.ts";
export { handlersModule } from "./handlers-module.ts";
export { declarationsOf, Subscribe } from "./subscribe-decorator.ts";
export type { HandlerDeclaration, HandlerDecorator } from "./subscribe-decorator.ts";
export { BROKER, BUS, CODEC, HANDLERS, PUBLISHER } from "./tokens.ts";
