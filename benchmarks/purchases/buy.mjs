// Clients that buy: each makes a cart, tells it where to send and how, and checks out, one purchase
// after the other over one connection. The one argument is JSON; see load.py beside this file.
import http from "node:http";
import { randomUUID } from "node:crypto";

const { url, documents, goods, address, method, clients, seconds } = JSON.parse(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
const target = new URL(url);

function ask(query, input) {
  const body = JSON.stringify({ query, variables: { input } });
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        path: target.pathname,
        method: "POST",
        headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
      },
      (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => {
          try {
            resolve(JSON.parse(Buffer.concat(parts).toString()));
          } catch (error) {
            reject(error);
          }
        });
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

// The payload's one field, or what was wrong.
function payload(answer) {
  const made = Object.values(answer.data ?? {})[0];
  if (answer.errors || !made || made.userErrors.length > 0) {
    throw new Error(JSON.stringify(answer.errors ?? made?.userErrors ?? answer));
  }
  return made;
}

function draw([low, high]) {
  return String(low + Math.floor(Math.random() * (high - low + 1)));
}

async function buy() {
  const lines = goods.map((skus) => ({ sku: draw(skus), quantity: 1 }));
  const { cart } = payload(
    await ask(documents.CartCreate, { lines, email: "ada@example.com", idempotencyKey: randomUUID() }),
  );
  const updated = payload(
    await ask(documents.CartUpdate, {
      token: cart.token,
      shippingAddress: address,
      shippingMethodId: method,
    }),
  );
  return payload(
    await ask(documents.Checkout, {
      cartToken: cart.token,
      idempotencyKey: randomUUID(),
      quoteTotal: updated.cart.quote.total.amount,
      payment: { provider: "manual", data: {} },
    }),
  );
}

const times = [];
const failures = [];
const began = performance.now();
const end = began + seconds * 1000;

async function client() {
  while (performance.now() < end) {
    const start = performance.now();
    try {
      await buy();
      times.push(performance.now() - start);
    } catch (error) {
      failures.push(String(error));
    }
  }
}

await Promise.all(Array.from({ length: clients }, client));
const took = (performance.now() - began) / 1000;
agent.destroy();
times.sort((one, other) => one - other);
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
console.log(
  JSON.stringify({
    purchases: times.length,
    seconds: took,
    failed: failures.length,
    failure: failures[0] ?? "",
    median: at(0.5),
    slow: at(0.99),
  }),
);
