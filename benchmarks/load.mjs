// The load of load.py by autocannon, for machines without wrk. Its one argument is JSON.
import { createRequire } from "node:module";

const autocannon = createRequire(import.meta.url)("autocannon");
const { url, parts, low, high, tokens, clients, seconds } = JSON.parse(process.argv[2]);
const drawn = () => String(low + Math.floor(Math.random() * (high - low + 1)));

const result = await autocannon({
  url,
  connections: clients,
  duration: seconds,
  timeout: 30,
  requests: [
    {
      method: parts[0] === "" ? "GET" : "POST",
      setupRequest(request) {
        const headers = { "Content-Type": "application/json" };
        if (tokens.length > 0) {
          headers.Authorization = `Bearer ${tokens[Math.floor(Math.random() * tokens.length)]}`;
        }
        return { ...request, headers, body: parts.join(drawn()) };
      },
    },
  ],
});
console.log(
  JSON.stringify({
    requests: result.requests.total,
    seconds: result.duration,
    failed: result.non2xx + result.errors,
    median: result.latency.p50,
    slow: result.latency.p99,
  }),
);
