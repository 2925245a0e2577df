// What an act came to, said to whoever asked for it: done, refused with a sentence, or never sent.
import { notifications } from "@mantine/notifications";
import type { OperationResult } from "urql";

import { messages } from "./messages";

type Refusal = { message: string };

/** The first reason why nothing has changed; null when it has. */
export function refusalIn<Data extends object>(result: OperationResult<Data>): string | null {
  if (result.data === undefined) return result.error?.graphQLErrors[0]?.message ?? messages.states.unsent;
  const [payload] = Object.values(result.data) as { userErrors: Refusal[] }[];
  return payload?.userErrors[0]?.message ?? null;
}

export function tell(message: string, refused = false): void {
  notifications.show({
    message,
    color: refused ? "red" : "teal",
    withBorder: true,
    autoClose: refused ? 8000 : 4000,
    closeButtonProps: { "aria-label": messages.close },
  });
}

/** Says what is wrong, if anything is; true when all went well. */
export function went<Data extends object>(result: OperationResult<Data>): boolean {
  const refusal = refusalIn(result);
  if (refusal !== null) tell(refusal, true);
  return refusal === null;
}
