// Who comes in: without a token one sees how to sign in, with one everything else.
import { RouterProvider } from "@tanstack/react-router";
import { useMemo, useSyncExternalStore } from "react";
import { Provider } from "urql";

import { clientFor } from "../client";
import { router } from "../router";
import { currentToken, onSessionChange } from "../session";
import { SignIn } from "./SignIn";

export function Door() {
  const token = useSyncExternalStore(onSessionChange, currentToken);
  const client = useMemo(() => (token === null ? null : clientFor(token)), [token]);
  if (client === null) return <SignIn />;
  return (
    <Provider value={client}>
      <RouterProvider router={router} />
    </Provider>
  );
}
