// The difference between two stored items, member by member.

import { compact, tryParse } from "./json.js";

/** Members that every update changes come last. */
const BOOKKEEPING = ["version", "updatedAt", "updatedBy"];

/**
 * The changes from one JSON text to the other, each with `path`, `before` and `after`; the one that is missing is
 * undefined. Either text can be null: there is no such item.
 */
export function difference(before, after) {
  const changes = [];
  compare("", before ? tryParse(before) : undefined, after ? tryParse(after) : undefined, changes);
  const last = (change) => BOOKKEEPING.indexOf(change.path) + 1;
  return changes.sort((one, other) => last(one) - last(other));
}

function compare(path, before, after, changes) {
  if (before && after && before.kind === after.kind && before.kind !== "scalar") {
    const [old, now] = [children(before), children(after)];
    for (const key of new Set([...old.keys(), ...now.keys()])) {
      const step = before.kind === "array" ? `[${key}]` : path === "" ? key : `.${key}`;
      compare(path + step, old.get(key), now.get(key), changes);
    }
    return;
  }
  const [old, now] = [before && compact(before), after && compact(after)];
  if (old !== now) changes.push({ path, before: old, after: now });
}

function children(node) {
  const pairs =
    node.kind === "array"
      ? node.items.map((item, index) => [index, item])
      : node.members.map(({ key, value }) => [key, value]);
  return new Map(pairs);
}
