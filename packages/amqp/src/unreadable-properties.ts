import type { ChannelModel } from "amqplib";

/** What the client keeps to itself of a connection: how it takes the next frame off what has come. */
interface FrameReader {
  /** What has come and was not read yet. */
  rest: Buffer;
  recvFrame(): unknown;
}

/** Type, channel and length stand before what is in a frame (AMQP 0-9-1, section 4.2.3). */
const frameHeadBytes = 7;
const contentHeader = 2;

/**
 * Has a message whose properties the client cannot read arrive without them. It reads a table within a table by calling itself, so that a few
 * thousand of them are more than its stack holds; what it throws then would end the connection, and again after each redelivery.
 */
export function takeUnreadableProperties(model: ChannelModel): void {
  const reader = model.connection as unknown as FrameReader;
  const receive = reader.recvFrame.bind(reader);
  reader.recvFrame = () => {
    const { rest } = reader;
    try {
      return receive();
    } catch (error) {
      // Where the frame itself was broken, nothing was taken off.
      if (reader.rest === rest || rest[0] !== contentHeader) throw error;
      return withoutProperties(rest);
    }
  };
}

/** Class, weight and size of the body stand before the properties (AMQP 0-9-1, section 4.2.6.1). */
function withoutProperties(frame: Buffer): object {
  return {
    id: frame.readUInt16BE(frameHeadBytes),
    channel: frame.readUInt16BE(1),
    size: Number(frame.readBigUInt64BE(frameHeadBytes + 4)),
    fields: { headers: {} },
  };
}
