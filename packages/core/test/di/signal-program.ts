import { Container } from "inversify";
import { busModule, BusServer, handlersModule, PUBLISHER, Subscribe } from "../../src/di/index.ts";

/** A program of its own that handles one message, which takes as long as its argument says, in milliseconds. */
class Slow {
  @Subscribe("job")
  async run(takesMs: number): Promise<void> {
    console.log("begun");
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    console.log("ended");
  }
}

const container = new Container();
container.load(busModule("memory:"), handlersModule([Slow]));
await container.get(BusServer).start();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => console.log("told"));
await container.get(PUBLISHER).publish("job", Number(process.argv[2]));
