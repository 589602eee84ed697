import { RefusedError, unknownKeyProblems } from "@busbar/core/driver";
import type { MqttClient } from "mqtt";
import { Buffer } from "./buffer.ts";

/**
 * Another way to authenticate than a password, such as SCRAM or Kerberos, in as many questions and answers as the server wants (MQTT 5.0 §4.12). Each
 * connection is authenticated by itself. It is made of functions, and so given in code and not in a file.
 */
export interface EnhancedAuthentication {
  /** As the server calls it. */
  readonly method: string;
  /** What is said first, anew for each connection. @default nothing */
  readonly begin?: () => Uint8Array | Promise<Uint8Array>;
  /** What is answered to a question of the server. A rejection ends the connection, for good. */
  readonly respond: (question: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Told what the server said last, before anything is sent or handed out; throws where that does not prove who it is. @default nothing is checked */
  readonly verify?: (proof: Uint8Array) => void;
}

const known = ["method", "begin", "respond", "verify"];

/** What is wrong with it, each a sentence. */
export function authenticationProblems(authentication: unknown, protocolVersion: unknown): string[] {
  const name = "native.authentication";
  if (typeof authentication !== "object" || authentication === null)
    return [`${name}: must be an object with a method and the function respond.`];
  const { method, begin, respond, verify } = authentication as Partial<Record<keyof EnhancedAuthentication, unknown>>;
  const problems = unknownKeyProblems(authentication, known, name);
  if (typeof method !== "string" || method === "")
    problems.push(`${name}.method: must be the name that the server has for it.`);
  if (typeof respond !== "function") problems.push(`${name}.respond: must be a function.`);
  for (const [key, given] of Object.entries({ begin, verify }))
    if (given !== undefined && typeof given !== "function") problems.push(`${name}.${key}: must be a function.`);
  if (protocolVersion === 4) problems.push(`${name}: MQTT 3.1.1 knows user name and password alone; leave it out.`);
  return problems;
}

/** What CONNECT says of it. Rejects with a RefusedError where it cannot be begun. */
export async function beginning(
  authentication: EnhancedAuthentication | undefined,
): Promise<{ readonly authenticationMethod?: string; readonly authenticationData?: Buffer }> {
  if (authentication === undefined) return {};
  const { method: authenticationMethod, begin } = authentication;
  if (begin === undefined) return { authenticationMethod };
  try {
    return { authenticationMethod, authenticationData: Buffer.from(await begin()) };
  } catch (error) {
    throw failed("begin", error);
  }
}

/** Has a client that is not connected yet answer the server's questions. */
export function answerQuestions(client: MqttClient, { method, respond }: EnhancedAuthentication): void {
  client.handleAuth = (packet, answer) => {
    if (packet.reasonCode !== continueAuthentication) {
      // The server is content and has no question.
      answer();
      return;
    }
    void answerTo(packet.properties?.authenticationData, respond).then(
      (data) =>
        answer(undefined, {
          cmd: "auth",
          reasonCode: continueAuthentication,
          properties: { authenticationMethod: method, authenticationData: Buffer.from(data) },
        }),
      (error: unknown) => answer(failed("respond", error)),
    );
  };
}

/** Throws a RefusedError unless the server has proved itself. */
export function assertProved({ verify }: EnhancedAuthentication, proof: Uint8Array | undefined): void {
  try {
    verify?.(proof ?? new Uint8Array());
  } catch (error) {
    throw failed("verify", error);
  }
}

const continueAuthentication = 0x18;

async function answerTo(
  question: Uint8Array | undefined,
  respond: EnhancedAuthentication["respond"],
): Promise<Uint8Array> {
  return respond(question ?? new Uint8Array());
}

function failed(what: "begin" | "respond" | "verify", cause: unknown): RefusedError {
  const text = `Connecting failed: native.authentication.${what} threw; the server was not told why.`;
  return new RefusedError(text, { code: "BUSBAR_AUTHENTICATION", broker: "mqtt", cause });
}
