export type { Adapter, AdapterOptions, Credentials, TlsOptions, Topology } from "./adapter.ts";
export type { AbortOptions } from "./abort-options.ts";
export type { Broker } from "./broker.ts";
export type { BrokerLimits, Capabilities, CapabilityName, EffectiveCapabilities, Support } from "./capabilities.ts";
export type { Codec } from "./codec.ts";
export type { Delivery, Outcome } from "./delivery.ts";
export type { DeadLetterStore, LagProbe, StoredDeadLetter } from "./facets.ts";
export type {
  DeliveryGuarantee,
  Headers,
  InboundRecord,
  OutboundRecord,
  PublishOutcome,
  PublishResult,
  Receipt,
} from "./record.ts";
export type { BrokerStatus } from "./status.ts";
export type { SubscribeRequest, Subscriber } from "./subscriber.ts";
