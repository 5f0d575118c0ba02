// Runs GraphiQL's page without a browser, subscribes through its fetcher, and prints the results.
import { readFileSync } from "node:fs";
import { parse } from "graphql";

const { page, url, query, variables, count } = JSON.parse(process.argv[2]);
let fetcher;
globalThis.window = {
  location: { pathname: url, search: "" },
  React: { createElement: (type, props) => ({ fetcher } = props) },
  ReactDOM: { createRoot: () => ({ render: () => {} }) },
  GraphiQL: () => {},
};
globalThis.document = { cookie: "", getElementById: () => ({ dataset: { csrfCookie: "csrftoken" } }) };
(0, eval)(readFileSync(page, "utf8"));

const answer = await fetcher({ query, variables }, { documentAST: parse(query) });
if (!answer[Symbol.asyncIterator]) {
  console.log(JSON.stringify(answer));
} else {
  const results = answer[Symbol.asyncIterator]();
  for (let seen = 0; seen < count; seen++) console.log(JSON.stringify((await results.next()).value));
  const pending = results.next();
  await results.return();
  console.log(JSON.stringify(await pending));
}
