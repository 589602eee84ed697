import { mqtt } from "@busbar/mqtt";
import { describeOnMosquitto, describeOnRabbit, mosquittoUrl, rabbitUrl } from "./broker-url.ts";
import { sessionTable } from "./session-table.ts";

for (const protocolVersion of [5, 4] as const) {
  describeOnMosquitto(`a subscriber that is away from mosquitto, on version ${protocolVersion}`, () => {
    sessionTable({
      name: "mosquitto",
      url: () => mosquittoUrl,
      protocolVersion,
      version: async () => {
        const bus = mqtt({ url: mosquittoUrl });
        const { version } = await bus.open();
        await bus.close();
        return version;
      },
    });
  });
}

describeOnRabbit("a subscriber that is away from RabbitMQ's MQTT plugin", () => {
  sessionTable({ name: "RabbitMQ", url: () => rabbitUrl, protocolVersion: 4, version: rabbitVersion });
});

/** The plugin itself does not tell. */
async function rabbitVersion(): Promise<string> {
  const { origin, username, password } = new URL(process.env["BUSBAR_TEST_RABBITMQ_MANAGEMENT_URL"] ?? "");
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const response = await fetch(`${origin}/api/overview`, { headers: { authorization } });
  return ((await response.json()) as { rabbitmq_version: string }).rabbitmq_version;
}
