/**
 * What this adapter needs of a Kafka client library. Everything of a particular library stays behind these interfaces
 * (`kafkajs/`), so that another one can take its place. Errors come through as the library made them; `classify.ts`
 * says what they mean.
 */
export interface KafkaClient {
  /** The library's own object, for what the bus does not offer. */
  readonly native: unknown;
  /** Connects a producer. With `acks` 0 records are confirmed by nobody. */
  connectProducer(options: ProducerOptions): Promise<ClientProducer>;
  /** Connects for questions about topics, groups and logs. */
  connectControl(options: ConnectOptions): Promise<ClientControl>;
  /** Connects a producer of transactions under `native.transactionalId`. */
  connectTransactions(options: ConnectOptions): Promise<ClientTransactions>;
  /** Connects, joins the group and fetches. Resolves once the library runs; `MemberHandlers.joined` tells the rest. */
  joinGroup(options: MemberOptions): Promise<ClientMember>;
}

/** What every connection is given. */
export interface ConnectOptions {
  /** Called at most once, when a connection that was in use is lost: nothing more comes of this object. */
  readonly onLost: (error: Error) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How a producer is connected. */
export interface ProducerOptions extends ConnectOptions {
  /** -1 waits for all replicas, 0 for nobody. */
  readonly acks: -1 | 0;
}

/** A record on its way out. */
export interface ClientMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer>;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** A record as it came in. A header that stands there several times has an array. */
export interface ClientRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds since the epoch, as a number or as text. */
  readonly timestamp: number | string;
  readonly offset: number | string;
}

/** Where a record was written. */
export interface ClientPosition {
  readonly partition: number;
  readonly offset: number;
}

/** Writes records. Ends by `close`, or by itself when its connection is lost. */
export interface ClientProducer {
  /**
   * One produce request: resolves to the places of the records in their order (to nothing with `acks` 0). Never sends a
   * second time by itself; where the options say `idempotent`, the same array once more is the same batch, which is kept once. Rejects with
   * `NeverSent` where it certainly sent nothing, because it does not find the topic, for example.
   */
  send(topic: string, messages: readonly ClientMessage[]): Promise<readonly ClientPosition[]>;
  /** Ends the connections at once. */
  close(): void;
}

/** A record and where it goes. */
export interface MessageOfTopic {
  readonly topic: string;
  readonly message: ClientMessage;
}

/** Writes transactions, one at a time. */
export interface ClientTransactions {
  /**
   * Resolves once all of them are committed.
   *
   * @param ending Called before it is committed: when it fails before that, nothing of it is ever seen.
   */
  write(messages: readonly MessageOfTopic[], ending: () => void): Promise<void>;
  close(): void;
}

/** The first and the next offset of a partition. */
export interface PartitionBounds {
  readonly topic: string;
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** A place in a partition, such as a committed one. */
export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** How a topic is made. */
export interface TopicPlan {
  readonly name: string;
  /** -1: as the broker is set up. */
  readonly partitions: number;
  /** -1: as the broker is set up. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Questions to the cluster. */
export interface ClientControl {
  /** The names of all topics. */
  topics(): Promise<readonly string[]>;
  /** The number of partitions, once their leaders answer, or 0 where there is no such topic. Never makes one. */
  partitionCount(topic: string): Promise<number>;
  /** Makes a topic and waits for its leaders; one that is there already is left as it is. */
  createTopic(plan: TopicPlan): Promise<void>;
  /** A setting of a topic, or of a broker where `topic` is absent; `undefined` where it may not be read. */
  setting(name: string, topic?: string): Promise<string | undefined>;
  /**
   * Deletes a group; one that is not there is no error.
   *
   * @param formerMember A member that is gone and that the group may still wait for: a group with members is not deleted.
   */
  deleteGroup(groupId: string, formerMember?: string): Promise<void>;
  /** Where the group stands, for every partition that it ever committed. */
  committed(groupId: string): Promise<readonly PartitionOffset[]>;
  /** Commits places for a group that has no members at the moment. */
  commitFor(groupId: string, places: readonly PartitionOffset[]): Promise<void>;
  /** Tells whether somebody is in the group; nobody is in one that is not there. */
  hasMembers(groupId: string): Promise<boolean>;
  /** Where in each partition the first message is that is not older than this time; the end where none is. */
  offsetsAt(topics: readonly string[], timestamp: number): Promise<readonly PartitionOffset[]>;
  bounds(topics: readonly string[]): Promise<readonly PartitionBounds[]>;
  /** Reads the records of one partition from `from` to below `to`, and ends. */
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<ClientRecord>;
  close(): void;
}

/** How a member joins its group. */
export interface MemberOptions extends ConnectOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly handlers: MemberHandlers;
  /** The id of the member that this one takes the place of: it is taken out of the group first, so that nobody waits for it. */
  readonly replaces?: string | undefined;
}

/** A partition that the group gave to a member. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a member tells of. None of them may throw or reject. */
export interface MemberHandlers {
  /** The partitions are about to be given up; the group waits while the promise is pending. Called before the first join too. */
  leaving(member: ClientMember): Promise<void>;
  /** The member has these partitions now. Nothing is fetched before `ClientMember.start`. */
  joined(member: ClientMember, partitions: readonly AssignedPartition[]): void;
  /** Records of one partition. The next ones are fetched once the promise resolves. */
  batch(batch: ClientBatch): Promise<void>;
}

/** Records of one partition, in the order of the log. */
export interface ClientBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ClientRecord[];
  /** True when the position was moved since these were fetched. */
  isStale(): boolean;
  /** Moves the fetch position behind the batch. Without it, it is fetched again. */
  accept(): void;
  /** Tells the group that we live, when it is time. Rejects when the group rebalances; let that pass on. */
  heartbeat(): Promise<void>;
}

/** A member of a group. */
export interface ClientMember {
  /** The id that the group knows it by; `undefined` before it joined. */
  readonly id: string | undefined;
  /** Begins to fetch at these places, after `joined`. */
  start(positions: readonly PartitionOffset[]): void;
  /** Fetches nothing more, stays a member. */
  hold(): void;
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** Tells the group that we live; resolves to false when the group does not know us any more. */
  beat(): Promise<boolean>;
  /** The bounds of every partition of the topics. */
  bounds(): Promise<readonly PartitionBounds[]>;
  /** Every place that the group ever committed, in topics of other times too. */
  committed(): Promise<readonly PartitionOffset[]>;
  /** Leaves the group and ends the connections. Never rejects, and takes no longer than `boundMs`. */
  leave(boundMs: number): Promise<void>;
  /** Ends the connections at once, without a word to the group. */
  close(): void;
}
