// The request in the editor: filling it in, reading it, writing it as a command, and marking errors in it.

import { locate, pretty, tryParse } from "./json.mjs";
import { addPane, element, make, makeButton } from "./result.mjs";

addPane("request", "errors", "Errors in the body");
const [method, target, headers, body] = ["method", "target", "headers", "body"].map(element);

/** Whether the body's text is the base64 of what to send. */
let isBase64 = false;

/** Fills in a request; `headers` are pairs. */
export function fill(request) {
  method.value = request.method;
  target.value = request.target;
  headers.value = request.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  isBase64 = request.isBase64 ?? false;
  body.value = isBase64 ? request.body : pretty(request.body);
  body.scrollTop = 0;
  note();
  mark([]);
}

function note() {
  const kind = isBase64 ? "(binary, shown as base64, sent as bytes)" : "(JSON)";
  element("body-note").textContent = method.value === "GET" ? "(a browser sends none with GET)" : kind;
}

/** The request as it is in the editor. Throws an error that says what a browser cannot send. */
export function read() {
  if (!/^\/(?!\/)/.test(target.value)) throw new Error("the path must start with one slash.");
  const request = new Request(target.value, { method: method.value });
  const pairs = headers.value.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, Math.max(colon, 0)).trim(), line.slice(colon + 1).trim()];
    const place = `line ${index + 1} of the headers`;
    try {
      request.headers.set(name, value);
    } catch {
      throw new Error(`${place} must be a name, a colon and a value without characters beyond U+00FF.`);
    }
    // Instead of an error, a browser drops what only it may set.
    if (!request.headers.has(name)) throw new Error(`${place} names a header that a browser sends itself.`);
    return [[name, value]];
  });
  const text = method.value === "GET" || body.value === "" ? undefined : body.value;
  return { method: method.value, target: target.value, headers: pairs, body: isBase64 && text ? bytes(text) : text };
}

function bytes(base64) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw new Error("the body must be base64.");
  }
}

/** The request in the editor as a command for a POSIX shell. */
export function asCurl() {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const request = read();
  const parts = [`curl -i -X ${request.method} ${quoted(location.origin + request.target)}`];
  parts.push(...request.headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`));
  if (request.body === undefined) return parts.join(" ");
  if (isBase64) return `printf %s ${quoted(body.value)} | base64 -d | ${parts.join(" ")} --data-binary @-`;
  return `${parts.join(" ")} --data-raw ${quoted(request.body)}`;
}

/** Marks the places in the body that the errors of a response point at, and lists the errors. */
export function showErrors(responseBody) {
  // An error has no number that could be rounded, so JSON.parse is enough.
  const response = tryParse(responseBody) && JSON.parse(responseBody);
  const root = tryParse(body.value);
  const errors = (response?.errors ?? []).map((error) => ({ ...error, place: root && locate(root, error.pointer) }));
  const position = /line (\d+),? column (\d+)/.exec(response?.errors ? "" : (response?.message ?? ""));
  if (position) {
    const start = offset(Number(position[1]), Number(position[2]));
    errors.push({ pointer: position[0], code: "", message: response.message, place: { start, end: start + 1 } });
  }
  mark(errors);
}

function offset(line, column) {
  const lines = body.value.split("\n").slice(0, line - 1);
  return lines.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
}

function mark(errors) {
  element("errors").replaceChildren(make("ol", "", ...errors.map(item)));
  element("errors").parentElement.hidden = errors.length === 0;

  const places = errors.map((error) => error.place).filter(Boolean);
  const inside = (index) => places.some(({ start, end }) => start <= index && index < end);
  const cuts = new Set([0, body.value.length, ...places.flatMap(({ start, end }) => [start, end])]);
  const sorted = [...cuts].sort((one, other) => one - other);
  const parts = sorted.slice(1).map((end, index) => {
    const start = sorted[index];
    return make(inside(start) ? "mark" : "span", "", body.value.slice(start, end));
  });
  // A textarea shows a last empty line, which a pre element swallows.
  element("marks").replaceChildren(...parts, "\n");
  alignMarks();
}

function item({ pointer, code, message, place }) {
  const title = `${pointer || "(whole body)"} ${code}`.trim();
  return make("li", "", makeButton("link", () => select(place), title), make("span", "", ` ${message}`));
}

function select(place) {
  body.focus();
  if (!place) return;
  body.setSelectionRange(place.start, place.end);
  const lineHeight = parseFloat(getComputedStyle(body).lineHeight);
  const line = body.value.slice(0, place.start).split("\n").length;
  body.scrollTop = (line - 3) * lineHeight;
}

function alignMarks() {
  element("marks").scrollTop = body.scrollTop;
}

body.addEventListener("scroll", alignMarks);
method.addEventListener("change", note);
// Marks of the last response would point at the wrong places.
body.addEventListener("input", () => mark([]));
