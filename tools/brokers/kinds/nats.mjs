import { natsServer } from "../nats-server.mjs";
import { findProgram, outputOf } from "../programs.mjs";

/**
 * The nats-server that is installed.
 */
export const nats = natsServer({
  name: "nats",
  async locate() {
    const program = findProgram("nats-server");
    if (program === undefined) {
      return { missing: "the program nats-server", packages: ["nats-server"] };
    }
    const version = /v(\d\S*)/.exec(outputOf(program, ["--version"]))?.[1];
    return { tools: { server: program }, ...(version === undefined ? {} : { version }) };
  },
});
