import type { Message, Publisher } from "@busbar/core";
import { BusServer, busModule, handlersModule, PUBLISHER, Subscribe } from "@busbar/core/di";
import { Container, inject } from "inversify";

type Report = { readonly title: string };

class ReportServer {
  readonly #publisher: Publisher;

  constructor(@inject(PUBLISHER) publisher: Publisher) {
    this.#publisher = publisher;
  }

  @Subscribe("report.*", { group: "saver" })
  async save(report: Report, message: Message) {
    await this.#publisher.publish("saved", { title: report.title, by: message.id });
  }
}

const container = new Container();
container.load(busModule(), handlersModule([ReportServer]));
await container.get(BusServer).start(); // opens the bus, subscribes the handlers, and drains on SIGTERM

export { container };
