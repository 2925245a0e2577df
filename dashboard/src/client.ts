// How the page speaks to the server: one client for each session, so that nothing is left of whoever was here before.
import { cacheExchange, Client, type CombinedError, fetchExchange, mapExchange } from "urql";

import { signOut } from "./session";

export const ENDPOINT = "/graphql";

export function clientFor(token: string): Client {
  return new Client({
    url: ENDPOINT,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      mapExchange({
        onError(error) {
          if (isSignedOut(error)) signOut();
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
  });
}

/** Whether the server no longer knows the token: it was revoked, or has run out. */
function isSignedOut(error: CombinedError): boolean {
  return error.graphQLErrors.some((one) => one.extensions["code"] === "UNAUTHENTICATED");
}

/** What the server says of a token before it is kept: null when it is welcome. */
export async function refusalOf(token: string): Promise<string | null> {
  const answer = await fetch(ENDPOINT, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query: "{ viewer { permissions } }" }),
  });
  const body = (await answer.json()) as { errors?: { message: string }[] };
  return body.errors?.[0]?.message ?? null;
}

/** A new key for a new act. The same act tried again keeps its key, and is done once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
