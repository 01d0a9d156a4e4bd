type Fields = Record<string, unknown>;

async function updateCustomer(customerId: string, fields: Fields, version?: string) {
  const base = process.env.URL ?? "http://127.0.0.1:9000";
  const headers: Record<string, string> = {
    accessToken: "demo-token-that-may-write",
    "Content-Type": "application/json",
  };
  if (version) headers["If-Match"] = version;
  const response = await fetch(`${base}/customers/${encodeURIComponent(customerId)}`, {
    method: "PUT",
    headers,
    body: JSON.stringify(fields),
  });
  const body = (await response.json()) as { data: Fields; code?: string; message: string };
  return { status: response.status, version: response.headers.get("X-Customer-Version") ?? undefined, body };
}

const john = { firstName: "John", lastName: "Doe", email: "john@aximcommerce.com" };
const first = await updateCustomer("638df9e713920facde1a1cfa", john);
const edited = { ...first.body.data, notes: "from TypeScript" };
const second = await updateCustomer("638df9e713920facde1a1cfa", edited, first.version);
console.log(second.status, second.version, second.body.data["notes"]);
