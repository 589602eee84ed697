import { createBus } from "@busbar/core";
import { declarationsOf } from "@busbar/core/di";
import { isService, services } from "./parts.ts";

// Deletes for good what a broker keeps for the services that are named: queues, sessions, consumers, and the messages in them.
for (const part of process.argv.slice(2).filter(isService)) {
  // A broker that knows the members of a group by name knows this service by the name that its process has.
  process.env["BUSBAR_INSTANCE"] = part;
  const bus = createBus();
  await bus.open();
  for (const { filter, options } of declarationsOf(Object.create(services[part].prototype) as object)) {
    const name = typeof filter === "string" ? filter : filter.filter.canonical;
    await bus.forget({ filter: name, ...(options.group === undefined ? {} : { group: options.group }) });
  }
  await bus.close();
}
