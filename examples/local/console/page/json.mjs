// JSON with positions and with all digits, and the difference between two texts. JSON.parse rounds numbers, keeps one
// of two equal keys, and does not say where a value is.

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * Parses a JSON text. A node has `kind` ("object", "array" or "scalar"), `start` and `end` in the text, and `members`
 * (each with `key` and `value`; the key in an array is the index) or `raw`. Throws a SyntaxError.
 */
export function parse(text) {
  let position = 0;

  function match(pattern) {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found?.[0];
  }
  function fail() {
    throw new SyntaxError(`not JSON at position ${position}`);
  }
  function skip(character) {
    match(SPACE);
    if (text[position] !== character) return false;
    position += 1;
    return true;
  }
  function list(close, element) {
    const elements = [];
    if (skip(close)) return elements;
    do elements.push(element(elements.length));
    while (skip(","));
    return skip(close) ? elements : fail();
  }
  function member() {
    match(SPACE);
    const key = match(STRING) ?? fail();
    if (!skip(":")) fail();
    return { key: JSON.parse(key), value: value() };
  }
  const item = (index) => ({ key: String(index), value: value() });
  function value() {
    match(SPACE);
    const start = position;
    if (skip("{")) return { kind: "object", members: list("}", member), start, end: position };
    if (skip("[")) return { kind: "array", members: list("]", item), start, end: position };
    const raw = match(STRING) ?? match(NUMBER) ?? match(WORD) ?? fail();
    return { kind: "scalar", raw, start, end: position };
  }

  const root = value();
  match(SPACE);
  return position === text.length ? root : fail();
}

/** Like `parse`, but undefined when the text is not JSON. */
export function tryParse(text) {
  try {
    return parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** The brackets of an array or an object, and its members as texts. `text` makes that of a value. */
function parts({ kind, members }, text) {
  const name = (key) => (kind === "array" ? "" : `${JSON.stringify(key)}: `);
  return [...(kind === "array" ? "[]" : "{}"), members.map(({ key, value }) => name(key) + text(value))];
}

/** The node as text on one line. `text` makes that of a value in it. */
export function compact(node, text = (value) => compact(value)) {
  if (node.kind === "scalar") return node.raw;
  const [open, close, texts] = parts(node, text);
  return open + texts.join(", ") + close;
}

/** The node as indented text. What fits on a short line stays there. */
export function indented(node, indent = "") {
  const line = compact(node);
  const isShort = indent !== "" && indent.length + line.length < 60;
  if (isShort || !node.members?.length) return line;
  const deeper = `${indent}  `;
  const [open, close, texts] = parts(node, (value) => indented(value, deeper));
  return `${open}\n${texts.map((text) => deeper + text).join(",\n")}\n${indent}${close}`;
}

/** A JSON text indented; any other text unchanged. */
export function pretty(text) {
  const node = tryParse(text);
  return node ? indented(node) : text;
}

/** The last member with this key: the one that most parsers keep. */
export function get(node, key) {
  return node?.members?.findLast((member) => member.key === key)?.value;
}

/** The value of a scalar, for display. Undefined for anything else. */
export function scalar(node) {
  return node?.raw?.startsWith('"') ? JSON.parse(node.raw) : node?.raw;
}

/**
 * Where a JSON Pointer (RFC 6901) leads: `start` and `end` in the text. For a missing member, the brace that opens
 * the object in which it is missing.
 */
export function locate(root, pointer) {
  let node = root;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    const next = get(node, key);
    if (!next) return { start: node.start, end: node.start + 1 };
    node = next;
  }
  return { start: node.start, end: node.end };
}

/** Members that every update changes come last. */
const BOOKKEEPING = ["version", "updatedAt", "updatedBy"];

/**
 * The changes from one JSON text to the other, each with `path`, `before` and `after`; the one that is missing is
 * undefined. A text is null if the table has no such item.
 */
export function difference(before, after) {
  const changes = [];
  compare("", before ? tryParse(before) : undefined, after ? tryParse(after) : undefined, changes);
  const last = (change) => BOOKKEEPING.indexOf(change.path) + 1;
  return changes.sort((one, other) => last(one) - last(other));
}

function compare(path, before, after, changes) {
  if (before && after && before.kind === after.kind && before.kind !== "scalar") {
    for (const key of new Set([...before.members, ...after.members].map((member) => member.key))) {
      const step = before.kind === "array" ? `[${key}]` : path === "" ? key : `.${key}`;
      compare(path + step, get(before, key), get(after, key), changes);
    }
    return;
  }
  const [old, now] = [before && compact(before), after && compact(after)];
  if (old !== now) changes.push({ path, before: old, after: now });
}
