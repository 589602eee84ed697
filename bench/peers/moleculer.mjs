import channels from "@moleculer/channels";
import kafkajs from "kafkajs";
import moleculer from "moleculer";

const window = 256;

/**
 * Moleculer: channels (`@moleculer/channels`) for at-least-once, balanced events between two nodes for at-most-once, since a node does not send to
 * itself over the network.
 */
export function open(setting) {
  return setting.delivery === "at-least-once" ? overChannels(setting) : overEvents(setting);
}

async function overChannels({ url, name }) {
  const topics = new Set();
  const kind = url.split(":")[0];
  const broker = new moleculer.ServiceBroker({
    nodeID: name,
    logger: false,
    middlewares: [channels.Middleware({ adapter: adapterOf(kind, url) })],
  });
  let started = false;
  const waiting = [];
  return {
    window,
    publish(topic, payload, _key, confirmed) {
      broker.sendToChannel(topic, payload).then(
        () => confirmed(),
        (error) => (isSentNonetheless(error) ? goOnOnceDrained(confirmed) : confirmed(error)),
      );
    },
    async subscribe(topic, handle) {
      topics.add(topic);
      if (kind === "kafka")
        await withAdmin(url, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 6 }] }));
      const handler = async (payload) => void (await handle(payload));
      const options = kind === "kafka" ? { kafka: { fromBeginning: true } } : {};
      broker.createService({ name, channels: { [topic]: { group: name, maxInFlight: window, handler, ...options } } });
      await broker.start();
      started = true;
      return { stop: () => broker.stop() };
    },
    async close() {
      if (started) await broker.stop();
      if (kind === "kafka") await withAdmin(url, (admin) => admin.deleteTopics({ topics: [...topics] }));
    },
  };

  /** Goes on when the client has room again, which is all that bounds who publishes unconfirmed; it offers that on its channel alone. */
  function goOnOnceDrained(confirmed) {
    waiting.push(confirmed);
    if (waiting.length > 1) return;
    broker.channelAdapter.channel.once("drain", () => {
      for (const goOn of waiting.splice(0)) goOn();
    });
  }
}

/** Over AMQP it rejects with this what its client has taken and is about to send: who published that once more would have it twice. */
function isSentNonetheless(error) {
  return error.message === "AMQP publish error. Write buffer is full.";
}

async function overEvents({ url, name }) {
  const nodeOf = (role) =>
    new moleculer.ServiceBroker({ nodeID: `${name}-${role}`, namespace: name, logger: false, transporter: url });
  const publisher = nodeOf("publisher");
  const consumer = nodeOf("consumer");
  await publisher.start();
  return {
    window,
    publish(topic, payload, _key, confirmed) {
      publisher.emit(topic, payload).then(() => confirmed(), confirmed);
    },
    async subscribe(topic, handle) {
      consumer.createService({
        name,
        events: { [topic]: { group: name, handler: (context) => handle(context.params) } },
      });
      await consumer.start();
      await publisher.waitForServices(name);
      return { stop: () => consumer.stop() };
    },
    async close() {
      await consumer.stop();
      await publisher.stop();
    },
  };
}

function adapterOf(kind, url) {
  switch (kind) {
    case "amqp":
      return { type: "AMQP", options: { amqp: { url, messageOptions: { persistent: true } } } };
    case "kafka":
      return {
        type: "Kafka",
        options: { kafka: { brokers: [url.replace(/^kafka:\/\//, "")], logCreator: () => () => {} } },
      };
    case "nats":
      return { type: "NATS", options: { nats: { url, connectionOptions: { servers: [url] } } } };
    default:
      throw new Error(`@moleculer/channels does not speak ${kind}.`);
  }
}

async function withAdmin(url, work) {
  const kafka = new kafkajs.Kafka({ brokers: [url.replace(/^kafka:\/\//, "")], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}
