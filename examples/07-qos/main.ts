import { connect } from "@busbar/core";

// What becomes of messages that are published while their subscriber is away, by quality of service and session.
const url = process.env["BUSBAR_URL"] ?? "mqtt://127.0.0.1:1883";
const publisher = await connect({ service: "thermometer", brokers: { main: url } });
const subscriber = await connect({ service: "panel", instance: "one", brokers: { main: url } });

const levels = [
  { name: "QoS 0", delivery: "at-most-once" },
  { name: "QoS 1", delivery: "at-least-once" },
] as const;
const sessions = [
  { name: "clean", durable: false },
  { name: "kept", durable: true },
] as const;

console.log("session  quality  published while away  arrived");
for (const { name: session, durable } of sessions) {
  for (const { name: quality, delivery } of levels) {
    const topic = `reading.${quality.replace(" ", "")}.${session}`;
    const arrived: unknown[] = [];
    let wake = (): void => undefined;
    const listen = () =>
      subscriber.subscribe(topic, { durable, delivery, deadLetter: false }, (reading) => {
        arrived.push(reading);
        wake();
      });
    const until = async (reading: string): Promise<void> => {
      while (!arrived.includes(reading)) await new Promise<void>((resolve) => (wake = resolve));
    };

    const first = await listen();
    await publisher.publish(topic, "here", { delivery });
    await until("here");
    await first.close();

    const missed = ["one", "two", "three"];
    for (const reading of missed) await publisher.publish(topic, reading, { delivery });
    // At QoS 0 nothing is confirmed: the broker has them when it confirms what was sent behind them.
    await publisher.publish("reading.sent", "all");

    const second = await listen();
    await publisher.publish(topic, "back", { delivery });
    await until("back");
    const came = missed.filter((reading) => arrived.includes(reading));
    console.log(
      `${session.padEnd(8)} ${quality.padEnd(8)} ${missed.join(", ").padEnd(21)} ${came.join(", ") || "nothing"}`,
    );
    // Deletes the session that is kept.
    await second.remove();
  }
}

await subscriber.close();
await publisher.close();
