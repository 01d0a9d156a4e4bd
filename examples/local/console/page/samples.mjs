// The requests to try: the events in `events/` by file name, and the demonstrations by their path. Each has a title and
// says what to look at.

export const GROUPS = {
  Updates: [
    ["plain-update-200", "A plain update",
      "One UpdateItem stores the fields that were sent. What is omitted, such as `notes`, keeps its stored value."],
    ["http-api-sample-200", "The published sample",
      "All nine fields are replaced. A new email also resets `verifiedEmail`, which takes a second UpdateItem."],
    ["clear-fields-200", "Cleared fields",
      "`\"\"` and `[]` clear a field: it leaves the stored item, and the response shows it empty."],
    ["base64-body-200", "A body in base64",
      "API Gateway can encode a body as base64. The editor shows it so, and sends the bytes."],
  ],
  "Versions and retries": [
    ["stale-if-match-412", "If-Match with an old version",
      "`If-Match` names an old version, so nothing is stored. The 412 has the stored customer and its version."],
    ["retry-after-lost-response-200", "A retry after a lost response",
      "The version is old, but the customer already holds exactly this: 200, and nothing is written again."],
    ["if-none-match-412", "If-None-Match",
      "With `If-None-Match: *`, an existing customer is not updated. The 412 returns it, so this is a way to read it."],
  ],
  "Late responses and races": [
    ["late-response?if_match=true", "A late response, with If-Match",
      "DynamoDB stores the update, but responds after the SDK's limit of 1 s. The SDK sends the update again."],
    ["late-response?if_match=false", "A late response, without If-Match",
      "Without `If-Match`, the second attempt stores the same values again, so the version grows by two."],
    ["two-writers?if_match=false", "Two writers, without If-Match",
      "An ERP and a shop have read version 6. Both change `notes` at the same moment, and neither checks the version."],
    ["two-writers?if_match=true", "Two writers, with If-Match",
      "Both name version 6 in `If-Match`, and only one of the two updates still finds it."],
  ],
  "Rejected requests": [
    ["many-errors-400", "Many errors at once",
      "All errors are returned at once, each with a pointer into the body. Select one to find its place."],
    ["token-missing-401", "No token",
      "Without a token, the response says nothing about the body or the customer."],
    ["unknown-customer-404", "An unknown customer",
      "The condition of the UpdateItem requires that the customer exists. None is created."],
    ["other-method-405", "GET instead of PUT",
      "Only PUT exists. The header `Allow` names it."],
  ],
};

/** Headers that a client or a gateway adds by itself. */
const IMPLIED_HEADERS = ["host", "user-agent", "x-forwarded-proto"];

/** The request of an API Gateway event (payload 2.0). */
export function requestOf(event) {
  return {
    method: event.requestContext.http.method,
    target: event.rawPath,
    headers: Object.entries(event.headers).filter(([name]) => !IMPLIED_HEADERS.includes(name)),
    body: event.body ?? "",
    isBase64: event.isBase64Encoded,
  };
}
