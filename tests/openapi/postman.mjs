// Makes the Postman collection from openapi.yaml: node postman.mjs OUTPUT
//
// It has one request for each example of a request body, with the examples of the responses. General converters fill
// the fields with random values, so that their output differs each time. Bruno and Insomnia can import the file too.

import { readFile, writeFile } from "node:fs/promises";
import { STATUS_CODES } from "node:http";
import { parse } from "yaml";

const output = process.argv[2];
if (!output) throw new Error("give the file to write");

const openapi = parse(await readFile(new URL("../../openapi.yaml", import.meta.url), "utf8"));
const json = (value) => JSON.stringify(value, null, 2);
const examples = (content) => Object.values(content["application/json"].examples);
const operations = Object.entries(openapi.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

function request({ path, method, operation }, body) {
  const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
  const segments = path.replaceAll(/\{(\w+)\}/g, ":$1").split("/").filter(Boolean);
  const optional = operation.parameters.filter((parameter) => parameter.in === "header");
  const headers = [
    { key: "Content-Type", value: "application/json" },
    ...optional.map(({ name, description, schema }) => ({
      key: name,
      value: schema.examples[0],
      description: description.trim(),
      disabled: true,
    })),
  ];
  const variable = inPath.map(({ name, example, description }) => ({ key: name, value: example, description }));
  return {
    method,
    description: operation.description.trim(),
    header: headers,
    url: { raw: `{{baseUrl}}/${segments.join("/")}`, host: ["{{baseUrl}}"], path: segments, variable },
    body: { mode: "raw", raw: json(body), options: { raw: { language: "json" } } },
  };
}

function item(operation) {
  return examples(operation.operation.requestBody.content).map(({ summary, value }) => ({
    name: summary,
    request: request(operation, value),
    response: Object.entries(operation.operation.responses).flatMap(([status, { content }]) =>
      examples(content).map((example) => ({
        name: example.summary ?? STATUS_CODES[status],
        code: Number(status),
        status: STATUS_CODES[status],
        header: [{ key: "Content-Type", value: "application/json" }],
        body: json(example.value),
      })),
    ),
  }));
}

const scheme = openapi.components.securitySchemes.accessToken;
const collection = {
  info: {
    name: openapi.info.title,
    description: openapi.info.description.trim(),
    schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
  },
  auth: {
    type: "apikey",
    apikey: [
      { key: "key", value: scheme.name, type: "string" },
      { key: "value", value: "{{accessToken}}", type: "string" },
      { key: "in", value: scheme.in, type: "string" },
    ],
  },
  variable: [
    { key: "baseUrl", value: openapi.servers.at(-1).url },
    { key: "accessToken", value: "demo-token-that-may-write" },
  ],
  item: operations.flatMap(item),
};
await writeFile(output, `${json(collection)}\n`);
