export { Bus } from "./bus/bus.ts";
export type { BatchHandler, BatchOptions } from "./bus/batch-collector.ts";
export type { SubscriptionDeclaration } from "./bus/bus.ts";
export type { BrokerHealth, BusHealth } from "./bus/health.ts";
export { DeadLetters } from "./bus/dead-letters.ts";
export type { DeadLetterFilter } from "./bus/dead-letters.ts";
export { MessageStream } from "./bus/message-stream.ts";
export type { ReceivedMessage } from "./bus/message-stream.ts";
export type { BatchEntry, Publisher, PublishOptions, PublishResult, RequestOptions } from "./bus/options.ts";
export type { RespondOptions } from "./bus/respond.ts";
export type {
  BrokerSettings,
  BusSettings,
  Fold,
  Logger,
  Overflow,
  Policy,
  PublishSettings,
  Route,
} from "./bus/settings.ts";
export { Subscription } from "./bus/subscription.ts";
export type { SubscriptionHealth } from "./bus/subscription.ts";
export type { BrokerConfig, BusConfig, FoldConfig, PublishConfig, TlsConfig } from "./config/bus-config.ts";
export { checkPortability } from "./config/check-portability.ts";
export { connect, createBus } from "./config/connect.ts";
export type { Capabilities, CapabilityName, Codec, DeliveryGuarantee, Headers, Receipt } from "./contract/index.ts";
export type { DeadLetter } from "./delivery/dead-letter.ts";
export type { DeathReason } from "./delivery/intake.ts";
export type { Handler, ManualHandler, ManualMessage, Message } from "./delivery/message.ts";
export type { DeadLetterTarget, OrderMode, RetryPolicy, SubscribeOptions } from "./delivery/options.ts";
export { Reject, RetryLater } from "./delivery/outcome.ts";
export {
  BusError,
  CanceledError,
  CapacityError,
  ClosedError,
  ConfigError,
  ConnectionError,
  InvalidArgumentError,
  NoSubscriberError,
  PayloadError,
  RefusedError,
  RemoteError,
  RevokedError,
  TimeoutError,
  UnsupportedError,
} from "./errors.ts";
export type { BusErrorCode, UnmetNeed } from "./errors.ts";
export { memory, MemoryBroker } from "./memory/memory-broker.ts";
export type { MemoryNativeClient } from "./memory/memory-broker.ts";
export { topic } from "./topic/typed-topic.ts";
export type { ParamsOf, Topic, TopicOptions } from "./topic/typed-topic.ts";
