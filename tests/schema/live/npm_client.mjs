// Subscribes by npm's graphql-sse or graphql-ws and prints each result as a line of JSON.
import { createClient as sse } from "graphql-sse";
import { createClient as ws } from "graphql-ws";
import WebSocket from "ws";

const { transport, address, token, query, variables, count } = JSON.parse(process.argv[2]);
const bearer = token ? { Authorization: `Bearer ${token}` } : {};
const client =
  transport === "sse"
    ? sse({ url: `http://${address}`, headers: bearer, retryAttempts: 0 })
    : ws({ url: `ws://${address}`, webSocketImpl: WebSocket, connectionParams: bearer, retryAttempts: 0 });

let seen = 0;
for await (const result of client.iterate({ query, variables })) {
  console.log(JSON.stringify(result));
  if (++seen === count) break;
}
await client.dispose();
