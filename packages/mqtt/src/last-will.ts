import { topicProblem, unknownKeyProblems } from "@busbar/core/driver";
import type { IClientOptions } from "mqtt";
import { Buffer } from "./buffer.ts";
import { toMqttTopic } from "./topic.ts";

/** What the server is to publish when it loses this process without a goodbye (MQTT 5.0 §3.1.2.5). */
export interface LastWill {
  /** A concrete bus topic. */
  readonly topic: string;
  /** A `Uint8Array` is sent as it is, anything else as JSON. @default no bytes */
  readonly payload?: unknown;
  /** At least once is `native.qos`, as of everything else. @default "at-least-once" */
  readonly delivery?: "at-least-once" | "at-most-once";
  /** Whether it is kept as the last value of its topic. @default false */
  readonly retain?: boolean;
  /**
   * How long the process has to come back before it is published, in milliseconds; the protocol counts in seconds, rounded up. MQTT 5 only.
   *
   * @default 0
   */
  readonly delayMs?: number;
}

const known = ["topic", "payload", "delivery", "retain", "delayMs"];

/** What is wrong with a last will, each a sentence. */
export function willProblems(will: unknown, protocolVersion: unknown): string[] {
  if (typeof will !== "object" || will === null) return ["native.will: must be an object with a topic."];
  const { topic, payload, delivery, retain, delayMs } = will as Partial<Record<keyof LastWill, unknown>>;
  const problems = unknownKeyProblems(will, known, "native.will");
  const wrong = topicProblem(topic);
  if (wrong !== undefined) problems.push(`native.will.topic: ${wrong}`);
  if (!isBytes(payload) && payload !== undefined && jsonOf(payload) === undefined)
    problems.push("native.will.payload: cannot be written as JSON; give a Uint8Array, or data.");
  if (delivery !== undefined && delivery !== "at-least-once" && delivery !== "at-most-once")
    problems.push('native.will.delivery: must be "at-least-once" or "at-most-once".');
  if (retain !== undefined && typeof retain !== "boolean") problems.push("native.will.retain: must be true or false.");
  if (delayMs === undefined) return problems;
  if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs <= mostDelayMs))
    problems.push(`native.will.delayMs: must be a number of milliseconds from 0 to ${mostDelayMs}.`);
  if (protocolVersion === 4) problems.push("native.will.delayMs: MQTT 3.1.1 publishes a will at once; leave it out.");
  return problems;
}

/** As mqtt.js takes it; `qos` is that of what travels at least once. */
export function willPacket(
  { topic, payload, delivery, retain = false }: LastWill,
  delaySeconds: number,
  protocolVersion: 4 | 5,
  qos: 1 | 2,
): NonNullable<IClientOptions["will"]> {
  const isJson = payload !== undefined && !isBytes(payload);
  const body = isJson ? Buffer.from(jsonOf(payload) ?? "") : Buffer.from(isBytes(payload) ? payload : []);
  return {
    topic: toMqttTopic(topic),
    payload: body,
    qos: delivery === "at-most-once" ? 0 : qos,
    retain,
    ...(protocolVersion === 4
      ? {}
      : {
          properties: {
            ...(delaySeconds > 0 ? { willDelayInterval: delaySeconds } : {}),
            ...(isJson ? { contentType: "application/json" } : {}),
          },
        }),
  };
}

/** The whole seconds that a will waits. */
export function willDelaySeconds(will: LastWill | undefined): number {
  return Math.ceil((will?.delayMs ?? 0) / 1000);
}

/** The greatest that the protocol has room for, less what stands for no end. */
const mostDelayMs = 0xffff_fffe * 1000;

function isBytes(payload: unknown): payload is Uint8Array {
  return payload instanceof Uint8Array;
}

function jsonOf(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload);
  } catch {
    return undefined;
  }
}
