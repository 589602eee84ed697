import { firstAnswer } from "../probes/probe.mjs";
import { keyValueLines } from "../key-value-lines.mjs";
import { findProgram, outputOf } from "../programs.mjs";

/** @import { BrokerKind } from "../broker-kind.mjs" */
/** @import { Probe } from "../probes/probe.mjs" */

/**
 * Redis with an append-only file and without eviction, so that what it confirmed survives its restart.
 *
 * @type {BrokerKind}
 */
export const redis = {
  name: "redis",
  endpoints: {
    redis: { url: (port) => `redis://127.0.0.1:${port}`, probe: redisAnswers },
  },
  startTimeoutMs: 30_000,

  async locate() {
    const program = findProgram("redis-server");
    if (program === undefined) {
      return { missing: "the program redis-server", packages: ["redis-server"] };
    }
    const version = /v=(\S+)/.exec(outputOf(program, ["--version"]))?.[1];
    return { tools: { server: program }, ...(version === undefined ? {} : { version }) };
  },

  launch({ dataFolder, ports }, { tools }, { settings, append = "", files, credentials }) {
    const general = {
      bind: "127.0.0.1",
      port: ports["redis"] ?? null,
      dir: dataFolder,
      daemonize: "no",
      // It would write its title over the environment, by which the family of a broker is recognised.
      "set-proc-title": "no",
      appendonly: "yes",
      appendfsync: "everysec",
      save: '""',
      "maxmemory-policy": "noeviction",
      user:
        credentials === undefined
          ? null
          : ["default off", `${credentials.username} on >${credentials.password} ~* &* +@all`],
    };
    return {
      command: tools["server"] ?? "redis-server",
      args: ["redis.conf"],
      env: {},
      files: { "redis.conf": `${keyValueLines({ ...general, ...settings }, " ")}${append}`, ...files },
    };
  },
};

/**
 * Ready means: the server says of itself what it is, once it has read its files; or it wants a password first, which it
 * says only when it has.
 *
 * @type {Probe}
 */
function redisAnswers({ url }) {
  return firstAnswer({
    url,
    defaultPort: 6379,
    greeting: Buffer.from("PING\r\nINFO server\r\n"),
    read(received) {
      const text = received.toString("utf8");
      if (text.startsWith("-NOAUTH")) {
        return {};
      }
      if (text.startsWith("-")) {
        throw new Error(`the server says "${text.slice(1).split("\r\n")[0]}"`);
      }
      const version = /redis_version:(\S+)\r\n/.exec(text)?.[1];
      return version === undefined ? undefined : { version };
    },
  });
}
