// `make postman`: writes the collection and its environment beside this file, or into the folder
// that is named.
//
// Four folders: two walks through the shop, one over GraphQL and one over REST, whose requests
// check their answers and hand values on; every GraphQL operation that the tests know; and every
// REST operation, as docs/openapi.yaml describes it.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Kind, parse, print, separateOperations } from "graphql";

import { graphqlWalk } from "./graphql-walk.mjs";
import { restWalk } from "./rest-walk.mjs";

const HERE = new URL(".", import.meta.url);
const OPERATIONS = new URL("../../tests/schema/operations/", HERE);
const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

// What has no example is made up by the converter, which must not do so anew each time: a change
// of the file is then a change of the API. It takes hold of Math.random as soon as it is loaded.
let state = 1;
Math.random = () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
const { default: converter } = await import("openapi-to-postmanv2");

const read = (name, folder = HERE) => readFileSync(new URL(name, folder), "utf8");
const target = process.argv[2] ? pathToFileURL(`${process.argv[2]}/`) : HERE;
const write = (name, value) =>
  writeFileSync(new URL(name, target), `${JSON.stringify(value, null, 2)}\n`);

/** Every operation of the files by name, each with the fragments that it spreads. */
function documents() {
  const files = ["storefront.graphql", "staff.graphql"];
  const parsed = files.map((name) => Object.entries(separateOperations(parse(read(name, OPERATIONS)))));
  return Object.fromEntries(parsed.flat().map(([name, document]) => [name, document]));
}

const DOCUMENTS = documents();
const SAMPLES = JSON.parse(read("variables.json", OPERATIONS));

const is = (document, kind) =>
  document.definitions.some((each) => each.kind === Kind.OPERATION_DEFINITION && each.operation === kind);

/** A request, and what happens to its answer. */
function request({ name, method = "POST", path, headers = {}, body, token, description, after }) {
  const [address, query] = path.split("?");
  return {
    name,
    ...(after && { event: [{ listen: "test", script: { type: "text/javascript", exec: after } }] }),
    request: {
      method,
      ...(description && { description }),
      header: Object.entries(headers).map(([key, value]) => ({ key, value })),
      ...(token && { auth: { type: "bearer", bearer: [{ key: "token", value: `{{${token}}}` }] } }),
      ...(token === null && { auth: { type: "noauth" } }),
      ...(body && { body }),
      url: {
        raw: `{{baseUrl}}${path}`,
        host: ["{{baseUrl}}"],
        path: address.split("/").slice(1),
        ...(query && {
          query: query.split("&").map((pair) => {
            const [key, value] = pair.split("=");
            return { key, value: decodeURIComponent(value) };
          }),
        }),
      },
    },
  };
}

/** The lines of a script that checks an answer and then calls a step's own function. */
function script(check, then) {
  return [
    "const answer = pm.response.text() ? pm.response.json() : null;",
    "const keep = (name, value) => pm.collectionVariables.set(name, value);",
    `pm.test("is answered as expected", () => {`,
    ...check.map((line) => `  ${line}`),
    "});",
    // A method's text is one only within an object.
    ...(then ? [`({ ${then} }).then(answer && answer.data ? answer.data : answer, keep);`] : []),
  ].flatMap((line) => line.split("\n"));
}

/** One GraphQL operation; `then(data, keep)` goes on with its answer. */
function graphql({ operation, variables, then, ...rest }) {
  return request({
    name: rest.name ?? operation,
    path: "/graphql",
    headers: { "Content-Type": "application/json" },
    body: {
      mode: "graphql",
      graphql: {
        query: print(DOCUMENTS[operation]),
        operationName: operation,
        variables: JSON.stringify(variables ?? SAMPLES[operation] ?? {}, null, 2),
      },
    },
    ...rest,
  });
}

function graphqlStep(step) {
  const check = [
    "pm.expect(pm.response.code).to.equal(200);",
    "pm.expect(answer.errors, JSON.stringify(answer.errors)).to.equal(undefined);",
    "for (const field of Object.values(answer.data)) {",
    "  if (field && field.userErrors) pm.expect(field.userErrors).to.eql([]);",
    "}",
  ];
  return graphql({ ...step, after: script(check, step.then) });
}

function restStep({ status = 200, json, then, headers, ...step }) {
  const check = [`pm.expect(pm.response.code, pm.response.text()).to.equal(${status});`];
  const body = json && {
    mode: "raw",
    raw: JSON.stringify(json, null, 2),
    options: { raw: { language: "json" } },
  };
  return request({
    ...step,
    headers: { ...(json && { "Content-Type": "application/json" }), ...headers },
    body,
    after: script(check, then),
  });
}

const walk = (steps, make) =>
  Object.entries(steps).map(([name, item]) => ({ name, item: item.map(make) }));

/** Every operation with its sample variables, to be filled in and sent by hand. */
function reference() {
  const groups = { Queries: "query", Mutations: "mutation" };
  return Object.entries(groups).map(([name, kind]) => ({
    name,
    item: Object.keys(DOCUMENTS)
      .filter((operation) => is(DOCUMENTS[operation], kind))
      .filter((operation) => !print(DOCUMENTS[operation]).includes("Upload!"))
      .map((operation) => graphql({ operation })),
  }));
}

/** The REST operations of the OpenAPI file; ids that differ each time are left out. */
async function restReference() {
  const convert = promisify(converter.convertV2.bind(converter));
  const data = read("../openapi.yaml");
  const { result, reason, output } = await convert(
    { type: "string", data },
    {
      folderStrategy: "Paths",
      parametersResolution: "Example",
      includeDeprecated: false,
      includeAuthInfoInExample: false,
      enableOptionalParameters: false,
    },
  );
  if (!result) throw new Error(reason);
  return settled(output[0].data.item);
}

function settled(items) {
  return items.map(({ id, response, event, ...item }) => {
    if (item.item) return { ...item, item: settled(item.item) };
    const { auth, name, ...request } = item.request;
    return { ...item, request };
  });
}

const collection = {
  info: {
    name: "Nexus",
    description:
      "A shop over GraphQL and REST. Choose the environment `Nexus on this machine`, start the shop with `make run`, and send the folders `Walk over ...` from the first request to the last, or run them with the collection runner.",
    schema: SCHEMA,
  },
  auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}" }] },
  variable: [],
  item: [
    { name: "Walk over GraphQL", item: walk(graphqlWalk, graphqlStep) },
    { name: "Walk over REST", item: walk(restWalk, restStep) },
    { name: "GraphQL", item: reference() },
    { name: "REST", item: await restReference() },
  ],
};

const environment = {
  name: "Nexus on this machine",
  values: Object.entries({
    baseUrl: "http://127.0.0.1:8000",
    customerEmail: "customer@example.com",
    staffEmail: "staff@example.com",
    password: "nexus-demo-password",
  }).map(([key, value]) => ({ key, value, type: key === "password" ? "secret" : "default", enabled: true })),
  _postman_variable_scope: "environment",
};

write("nexus.postman_collection.json", collection);
write("nexus.postman_environment.json", environment);
console.log("Wrote nexus.postman_collection.json and nexus.postman_environment.json.");
