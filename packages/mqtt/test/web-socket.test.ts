import {
  describeOnRabbitWebSocket,
  describeOnWebSocket,
  mosquittoWebSocketUrl,
  rabbitWebSocketUrl,
} from "./broker-url.ts";
import { mosquitto, rabbit } from "./tested-server.ts";
import { overWebSocket } from "./web-socket.ts";

describeOnWebSocket("a server with WebSocket", () => overWebSocket({ ...mosquitto, url: mosquittoWebSocketUrl }));
describeOnRabbitWebSocket("a server with WebSocket", () =>
  overWebSocket({ ...rabbit, url: rabbitWebSocketUrl }, { refusesOtherPaths: true }),
);
