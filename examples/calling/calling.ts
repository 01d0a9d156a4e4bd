// Adds a line to a customer's notes. Nothing is lost when others write or the network fails meanwhile.
//
// JSON.parse rounds long numbers, so only strings of a response are sent back.

type Customer = { firstName: string; lastName: string; email: string; notes: string };
type Fields = Partial<Customer>;
type Reply = { status: number; version: string; customer: Customer };

/** Sends an update, again after 429, 500, 503 and lost responses. */
async function send(customerId: string, fields: Fields, condition: Record<string, string>): Promise<Reply> {
  const url = `${process.env.URL ?? "http://127.0.0.1:9000"}/customers/${encodeURIComponent(customerId)}`;
  const accessToken = process.env.ACCESS_TOKEN ?? "demo-token-that-may-write";
  const headers = { accessToken, "Content-Type": "application/json", ...condition };
  let failure: unknown;
  for (const delay of [1, 2, 4, 8, 0]) {
    try {
      const signal = AbortSignal.timeout(35_000);
      const body = JSON.stringify(fields);
      const response = await fetch(url, { method: "PUT", headers, body, redirect: "error", signal });
      const { status } = response;
      // A firewall's body need not be JSON.
      const text = await response.text();
      if (status === 200 || status === 412) {
        const version = response.headers.get("X-Customer-Version") ?? "";
        return { status, version, customer: JSON.parse(text).data };
      }
      failure = `${status} ${text}`;
      if (![429, 500, 503].includes(status)) break;
    } catch (error) {
      failure = error;
    }
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay * 1000));
  }
  throw failure;
}

/** Sends the required fields and what `change` returns for the stored customer. */
async function edit(customerId: string, change: (customer: Customer) => Fields): Promise<Reply> {
  // With If-None-Match, nothing is written: 412 has the stored customer.
  const anybody = { firstName: "-", lastName: "-", email: "nobody@example.com" };
  let reply = await send(customerId, anybody, { "If-None-Match": "*" });
  while (reply.status === 412) {
    const { firstName, lastName, email } = reply.customer;
    const fields = { firstName, lastName, email, ...change(reply.customer) };
    reply = await send(customerId, fields, { "If-Match": reply.version });
  }
  return reply;
}

function addNote({ notes }: Customer): Fields {
  const line = "from TypeScript";
  // An earlier attempt may be stored although its response was lost.
  return notes.includes(line) ? {} : { notes: notes ? `${notes}\n${line}` : line };
}

const { version, customer } = await edit(process.argv[2] ?? "638df9e713920facde1a1cfa", addNote);
console.log(version, customer.notes);
