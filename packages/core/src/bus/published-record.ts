import type { DeliveryGuarantee, Headers, OutboundRecord } from "../contract/index.ts";
import { messageId } from "../delivery/message-id.ts";
import { checkedHeaders } from "./headers.ts";
import type { PublishOptions } from "./options.ts";

const noHeaders = Object.freeze({});

/** The record of a publish. A class because every message has one (`docs/performance.md`). */
export class PublishedRecord implements OutboundRecord {
  readonly address: string;
  readonly topic: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly id: string;
  readonly timestamp: number = Date.now();
  readonly contentType: string;
  readonly delivery: DeliveryGuarantee;
  readonly sending = 1;
  readonly publishToken: string;
  readonly retain: boolean | undefined;
  readonly expiresInMs: number | undefined;
  readonly delayMs: number | undefined;
  readonly priority: number | undefined;

  constructor(
    topic: string,
    body: Uint8Array,
    contentType: string,
    key: string | undefined,
    delivery: DeliveryGuarantee,
    { id, headers, retain, expiresInMs, delayMs, priority }: PublishOptions,
  ) {
    this.address = topic;
    this.topic = topic;
    this.body = body;
    this.headers = headers === undefined ? noHeaders : checkedHeaders(headers, topic);
    this.key = key;
    this.id = id ?? messageId();
    this.contentType = contentType;
    this.delivery = delivery;
    this.publishToken = id === undefined ? this.id : messageId();
    this.retain = retain;
    this.expiresInMs = expiresInMs;
    this.delayMs = delayMs;
    this.priority = priority;
  }
}
