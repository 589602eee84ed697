import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ClientProxyFactory, Ctx, EventPattern, MqttRecordBuilder, Payload, Transport } from "@nestjs/microservices";
import kafkajs from "kafkajs";
import { lastValueFrom } from "rxjs";

const window = 256;

/**
 * NestJS microservices: events, with an acknowledgement after the handler where it offers one. It keeps neither an outbox nor a session, and
 * wraps the payload into an envelope of its own.
 */
export async function open(setting) {
  const { url, name, delivery } = setting;
  const kind = url.split(":")[0];
  const lossless = delivery === "at-least-once";
  const topics = new Set();
  const services = [];
  const client = ClientProxyFactory.create(clientOptions(kind, setting));
  await client.connect();

  return {
    window,
    publish(topic, payload, _key, confirmed) {
      const data = kind === "mqtt" ? new MqttRecordBuilder(payload).setQoS(lossless ? 1 : 0).build() : payload;
      lastValueFrom(client.emit(patternOf(kind, topic), data), { defaultValue: undefined }).then(
        () => confirmed(),
        confirmed,
      );
    },
    async subscribe(topic, handle) {
      topics.add(topic);
      if (kind === "kafka")
        await withAdmin(url, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 6 }] }));
      const service = await NestFactory.createMicroservice(moduleFor(patternOf(kind, topic), handle, kind), {
        ...serverOptions(kind, setting),
        logger: ["error"],
      });
      services.push(service);
      await service.listen();
      return { stop: () => service.close() };
    },
    async close() {
      for (const service of services) await service.close();
      await client.close();
      if (kind === "kafka") await withAdmin(url, (admin) => admin.deleteTopics({ topics: [...topics] }));
    },
  };

  function clientOptions(of, { url: address }) {
    switch (of) {
      case "amqp":
        return { transport: Transport.RMQ, options: { ...queueOptions(address), persistent: true } };
      case "kafka":
        return { transport: Transport.KAFKA, options: { client: kafkaClient(address), producerOnlyMode: true } };
      case "nats":
        return { transport: Transport.NATS, options: { servers: [address] } };
      default:
        return { transport: Transport.MQTT, options: { url: address } };
    }
  }

  function serverOptions(of, { url: address }) {
    switch (of) {
      case "amqp":
        return { transport: Transport.RMQ, options: { ...queueOptions(address), noAck: false, prefetchCount: window } };
      case "kafka":
        return {
          transport: Transport.KAFKA,
          options: { client: kafkaClient(address), consumer: { groupId: name }, subscribe: { fromBeginning: true } },
        };
      case "nats":
        return { transport: Transport.NATS, options: { servers: [address], queue: name } };
      default:
        return {
          transport: Transport.MQTT,
          options: { url: address, subscribeOptions: { qos: lossless ? 1 : 0 } },
        };
    }
  }

  function queueOptions(address) {
    return { urls: [address], queue: name, queueOptions: { durable: true } };
  }
}

/** A module whose one controller handles the pattern. Decorators are functions, and the pattern is known only now. */
function moduleFor(pattern, handle, kind) {
  class Handlers {
    async take(payload, context) {
      await handle(payload);
      if (kind === "amqp") context.getChannelRef().ack(context.getMessage());
    }
  }
  const take = Object.getOwnPropertyDescriptor(Handlers.prototype, "take");
  Payload()(Handlers.prototype, "take", 0);
  Ctx()(Handlers.prototype, "take", 1);
  EventPattern(pattern)(Handlers.prototype, "take", take);
  Controller()(Handlers);
  function Root() {}
  Module({ controllers: [Handlers] })(Root);
  return Root;
}

function patternOf(kind, topic) {
  return kind === "mqtt" ? topic.replaceAll(".", "/") : topic;
}

function kafkaClient(url) {
  return { clientId: "bench", brokers: [url.replace(/^kafka:\/\//, "")], logLevel: kafkajs.logLevel.NOTHING };
}

async function withAdmin(url, work) {
  const admin = new kafkajs.Kafka(kafkaClient(url)).admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}
